"""The state of the pipeline in one line."""

from cli.up.status import Reading, describe, summarise


def test_the_status_is_made_of_the_services_metrics() -> None:
    texts = {
        "ingest": 'clickrail_requests_total{answer="accepted"} 30\nclickrail_requests_total{answer="rejected"} 2\n',
        "enricher": 'kafka_consumergroup_lag{partition="0"} 4\nkafka_consumergroup_lag{partition="1"} 5\n',
        "sink": 'clickrail_sink_rows_stored_total{table="clicks"} 20\nclickrail_clicks_lost_total{reason="x"} 1\n',
        "console": "",
    }
    reading = summarise(texts)

    assert reading == Reading(accepted=30, rejected=2, stored=20, lag_enricher=9, lost=1)
    assert describe(Reading(), reading, 2).startswith("[bold]15[/] clicks/s · 1 rejected/s · 10 rows/s")
    assert "1 lost" in describe(Reading(), reading, 2)


def test_the_numbers_of_several_workers_are_added_up() -> None:
    worker = (
        "# HELP clickrail_requests_total Requests.\n# TYPE clickrail_requests_total counter\n"
        'clickrail_requests_total{answer="accepted"} 30\n'
    )

    assert summarise({"ingest": f"{worker}\n{worker}"}) == Reading(accepted=60)
