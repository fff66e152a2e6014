"""Every module of the rooms below has a file of tests of its own name, or is named here with where it is tested."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
ROOMS: Final = ("storage", "sink", "settler", "referrals/lookup")
ELSEWHERE: Final = {
    "referrals/lookup/answers.py": "referrals/lookup/test_lookup.py",
    "referrals/lookup/cache_policy.py": "referrals/lookup/test_local_cache.py",
    "referrals/lookup/postgres_source.py": "referrals/lookup/test_layers.py",
    "referrals/lookup/redis_cache.py": "referrals/lookup/test_layers.py",
    "referrals/lookup/restore_watch.py": "referrals/lookup/test_changes_in_force.py",
    "storage/read/pipeline.py": "console/pipeline/test_servers.py",
    "storage/read/removals.py": "console/pipeline/test_servers.py",
    "storage/ledger/job.py": "storage/ledger/test_ledger.py",
    "storage/ledger/merge.py": "storage/ledger/test_ledger.py",
    "storage/read/ledger.py": "storage/ledger/test_ledger.py",
    "settler/environment.py": "settler/test_service.py",
    "settler/metrics.py": "settler/test_rounds.py",
    "settler/settings.py": "runtime/test_all_settings.py",
    "sink/environment.py": "sink/test_service.py",
    "sink/metrics.py": "sink/test_service.py",
    "sink/settings.py": "runtime/test_all_settings.py",
    "storage/affiliate_quality.py": "settler/test_rounds.py",
    "storage/analysts/table_reference.py": "storage/analysts/test_prepare.py",
    "storage/backfill/tables.py": "storage/backfill/test_run.py",
    "storage/columnstore.py": "storage/test_hypertables.py",
    "storage/days.py": "storage/test_hypertables.py",
    "storage/engine.py": "storage/test_hypertables.py",
    "storage/erasure/request.py": "storage/erasure/test_erasing.py",
    "storage/erasure/search.py": "storage/erasure/test_erasing.py",
    "storage/export/files.py": "storage/export/test_run.py",
    "storage/export/parquet.py": "storage/export/test_run.py",
    "storage/export/rows.py": "storage/export/test_run.py",
    "storage/jobs.py": "storage/test_partitions.py",
    "storage/letter_states.py": "storage/test_replay.py",
    "storage/load.py": "storage/test_writer.py",
    "storage/personal.py": "storage/retention/test_personal_days.py",
    "storage/programs.py": "storage/retention/test_personal_days.py",
    "storage/read/asking/conditions.py": "storage/read/asking/test_answer.py",
    "storage/read/asking/description.py": "storage/read/asking/test_touched.py",
    "storage/read/asking/plan.py": "storage/read/asking/test_drafts.py",
    "storage/read/asking/scope.py": "storage/read/asking/test_drafts.py",
    "storage/read/asking/segments.py": "storage/read/asking/test_drafts.py",
    "storage/read/asking/sources.py": "storage/read/asking/test_answer.py",
    "storage/read/asking/sql.py": "storage/read/asking/test_answer.py",
    "storage/read/asking/state.py": "storage/read/asking/test_answer.py",
    "storage/read/asking/statement.py": "storage/read/asking/test_answer.py",
    "storage/read/attributed_clicks.py": "storage/read/test_attribution.py",
    "storage/read/click_filters.py": "storage/read/test_queries.py",
    "storage/read/finding.py": "storage/read/test_records.py",
    "storage/read/letters.py": "console/clicks/test_letters.py",
    "storage/read/names.py": "console/search/test_search.py",
    "storage/read/unknown_codes.py": "console/clicks/test_unknown_codes.py",
    "storage/read/erasures.py": "storage/erasure/test_erasing.py",
    "storage/read/scores.py": "storage/test_scores.py",
    "storage/read/settling.py": "storage/test_settling.py",
    "storage/read/visitors.py": "storage/read/test_queries.py",
    "storage/read/where.py": "storage/read/test_records.py",
    "storage/removed.py": "storage/retention/test_personal_days.py",
    "storage/retention/old_days.py": "storage/retention/test_job.py",
    "storage/retention/old_rows.py": "storage/retention/test_job.py",
    "storage/retention/plan.py": "storage/retention/test_job.py",
    "storage/retention/policy.py": "storage/retention/test_job.py",
    "storage/retention/removals.py": "storage/retention/test_job.py",
    "storage/scored_clicks.py": "storage/test_scores.py",
    "storage/staged_tables.py": "storage/test_writer.py",
    "storage/status.py": "cli/test_storage.py",
    "storage/rollups/cells.py": "storage/rollups/test_exactness.py",
    "storage/rollups/counted_rows.py": "storage/rollups/test_exactness.py",
    "storage/rollups/details.py": "storage/rollups/test_exactness.py",
    "storage/rollups/grouping_sets.py": "storage/rollups/test_exactness.py",
    "storage/rollups/housekeeping.py": "storage/rollups/test_exactness.py",
    "storage/rollups/limits.py": "storage/rollups/test_exactness.py",
    "storage/rollups/local_days.py": "storage/rollups/test_exactness.py",
    "storage/rollups/lock.py": "storage/rollups/test_exactness.py",
    "storage/rollups/months.py": "storage/rollups/test_exactness.py",
    "storage/rollups/moves.py": "storage/rollups/test_exactness.py",
    "storage/rollups/rebuild.py": "storage/rollups/test_exactness.py",
    "storage/rollups/settled.py": "storage/rollups/test_exactness.py",
    "storage/rollups/verify.py": "storage/rollups/test_exactness.py",
    "storage/rollups/state.py": "storage/rollups/test_job.py",
    "storage/tables.py": "storage/test_columns.py",
    "storage/topic_consumer.py": "storage/test_topic_clicks.py",
}
"""Modules without a mirror, and the file of tests that covers each."""


def modules() -> set[str]:
    found = (path for room in ROOMS for path in (ROOT / room).rglob("*.py") if not path.name.startswith("__"))
    return {path.relative_to(ROOT).as_posix() for path in found}


def mirror_of(module: str) -> Path:
    path = ROOT / "tests" / module
    return path.with_name(f"test_{path.name}")


def test_every_module_has_its_mirror_or_is_named_as_an_exception() -> None:
    assert {module for module in modules() if not mirror_of(module).exists()} <= set(ELSEWHERE)


def test_every_exception_is_a_module_and_its_tests_exist() -> None:
    assert {module for module in ELSEWHERE if module not in modules()} == set()
    assert {tests for tests in ELSEWHERE.values() if not (ROOT / "tests" / tests).exists()} == set()
