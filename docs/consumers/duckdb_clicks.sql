-- Clicks of people by hour (UTC) and code, each click once: duckdb < duckdb_clicks.sql, beside the file clicks.ndjson.
CREATE TEMP VIEW clicks AS SELECT * FROM read_json('clicks.ndjson', format = 'newline_delimited', columns = {
    click_id: 'VARCHAR',
    clicked_at: 'TIMESTAMP',  -- UTC, whatever the zone of the machine
    code: 'VARCHAR',
    program_id: 'VARCHAR',
    prefetch: 'BOOLEAN',
    is_test: 'BOOLEAN',
    geo: 'STRUCT(country VARCHAR, city VARCHAR)',
    bot: 'STRUCT(is_bot BOOLEAN, reasons VARCHAR[])'
});

SELECT date_trunc('hour', clicked_at) AS hour, code, count(DISTINCT click_id) AS clicks
FROM clicks WHERE NOT bot.is_bot AND NOT prefetch AND is_test IS NOT TRUE
GROUP BY ALL ORDER BY hour, clicks DESC, code;
