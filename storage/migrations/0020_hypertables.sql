-- migrate: only timescaledb
-- `clicks` and `click_scores` become hypertables, with a chunk for each day (UTC), while both are without rows. Tables with
-- rows stay in native partitions, and everything works as before.
-- A natively partitioned table cannot be converted, so each is made again: with its columns, constraints, indexes, comments
-- and privileges, and the views that read it. All of that is read from the catalog: on a database that gets TimescaleDB
-- later, migrations with higher numbers than this one have been applied already.
DO $$
DECLARE
    functions   text := (SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'timescaledb');
    tables      text[] := ARRAY['clicks', 'click_scores'];
    name        text;
    has_rows    boolean;
    columns_of  regclass;
    views       text[];
    indexes     text[];
    others      text[];
    statement   text;
BEGIN
    LOCK TABLE clicks, click_scores IN ACCESS EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM clicks) OR EXISTS (SELECT FROM click_scores) THEN
        RETURN;
    END IF;
    FOREACH name IN ARRAY tables LOOP
        columns_of := to_regclass(name);
        CONTINUE WHEN (SELECT relkind FROM pg_class WHERE oid = columns_of) <> 'p';
        views := ARRAY(
            SELECT format('CREATE OR REPLACE VIEW %s %s AS %s', class.oid::regclass,
                'WITH (' || array_to_string(class.reloptions, ', ') || ')', pg_get_viewdef(class.oid))
            FROM pg_class class
            WHERE class.relkind = 'v' AND class.oid IN (
                SELECT ev_class FROM pg_rewrite JOIN pg_depend ON classid = 'pg_rewrite'::regclass AND objid = pg_rewrite.oid
                WHERE refclassid = 'pg_class'::regclass AND refobjid = columns_of
            )
        );
        -- Under their names: later migrations drop indexes by name.
        indexes := ARRAY(
            SELECT format('ALTER TABLE %I ADD CONSTRAINT %I %s', name, conname, pg_get_constraintdef(oid))
            FROM pg_constraint WHERE conrelid = columns_of AND contype IN ('p', 'u')
        ) || ARRAY(
            SELECT replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') FROM pg_index
            WHERE indrelid = columns_of AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
        );
        others := ARRAY(
            SELECT format('GRANT %s ON %I TO %s', privilege_type, name,
                CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END)
            FROM pg_class, aclexplode(relacl) WHERE pg_class.oid = columns_of AND grantee <> relowner
        ) || format('COMMENT ON TABLE %I IS %L', name, obj_description(columns_of, 'pg_class'));

        EXECUTE format('ALTER TABLE %I RENAME TO %I', name, name || '_native');
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL EXCLUDING INDEXES)', name, name || '_native');
        FOREACH statement IN ARRAY views LOOP
            EXECUTE statement;
        END LOOP;
        EXECUTE format('DROP TABLE %I', name || '_native');
        FOREACH statement IN ARRAY indexes || others LOOP
            EXECUTE statement;
        END LOOP;
        EXECUTE format('SELECT %s.create_hypertable(%L, ''clicked_at'', chunk_time_interval => INTERVAL ''1 day'','
            ' create_default_indexes => false)', functions, name);
    END LOOP;
END $$;
