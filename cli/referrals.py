"""`clickrail program|affiliate|code add|list|show|change|pause|resume`, `clickrail code check`, `clickrail import`.

On a terminal answers are tables and sentences; into a pipe go plain lines, columns separated by tabs.
"""

from pathlib import Path
from typing import Annotated

import typer

from cli import showing
from cli.changing import DatabaseUrl, Id, NewId, Settings, add, change, list_some, read_settings
from cli.database import accept, run
from cli.failing import failing_clearly
from cli.programs import add_program
from referrals.model import Kind, Status

program = typer.Typer(help="Programs: what merchants offer, and the rules for their clicks.", no_args_is_help=True)
affiliate = typer.Typer(help="Affiliates: who refers visitors.", no_args_is_help=True)
code = typer.Typer(help="Referral codes: what stands in a link.", no_args_is_help=True)

PublicUrl = Annotated[
    str | None, typer.Option(envvar="CLICKRAIL_PUBLIC_URL", show_default=False, help="where visitors reach ingest")
]
StatusFilter = Annotated[Status | None, typer.Option("--status", show_default=False, help="only active or paused ones")]
Most = Annotated[int, typer.Option("--limit", min=1, max=100_000, help="how many at most")]
After = Annotated[str, typer.Option("--after", show_default=False, help="go on behind this one")]


program.command("add")(add_program)


@affiliate.command("add")
def add_affiliate(
    name: Annotated[str, typer.Argument(help="what people call them")], database_url: DatabaseUrl, id_: NewId = None
) -> None:
    """Add an affiliate."""
    import secrets

    from referrals.ids import make_affiliate_id
    from referrals.model import Affiliate

    add(database_url, Affiliate(id=id_ or make_affiliate_id(secrets.choice), name=name, status="active"))


@code.command("add")
def add_code(
    database_url: DatabaseUrl,
    affiliate_id: Annotated[str, typer.Option("--affiliate", show_default=False, help="whose it is")],
    program_id: Annotated[str, typer.Option("--program", show_default=False, help="which program it leads to")],
    code_: Annotated[str | None, typer.Argument(metavar="CODE", show_default=False, help="made if not given")] = None,
    target: Annotated[str | None, typer.Option(show_default=False, help="a target other than the program's")] = None,
) -> None:
    """Add a referral code."""
    import secrets

    from referrals.ids import make_code
    from referrals.model import ReferralCode

    new = ReferralCode(
        code=make_code(secrets.choice) if code_ is None else code_,
        affiliate_id=affiliate_id,
        program_id=program_id,
        status="active",
        target_url=target,
    )
    add(database_url, new)


@code.command("list")
def list_codes(
    database_url: DatabaseUrl,
    status: StatusFilter = None,
    affiliate_id: Annotated[str | None, typer.Option("--affiliate", show_default=False, help="only theirs")] = None,
    program_id: Annotated[str | None, typer.Option("--program", show_default=False, help="only its own")] = None,
    most: Most = 100,
    after: After = "",
) -> None:
    """List referral codes."""
    from referrals.administration import Filter

    list_some(
        database_url,
        "code",
        Filter(status=status, affiliate_id=affiliate_id, program_id=program_id, most=most, after=after),
    )


def add_list(app: typer.Typer, kind: Kind) -> None:
    @app.command("list", help=f"List {kind}s.")
    def list_all(database_url: DatabaseUrl, status: StatusFilter = None, most: Most = 100, after: After = "") -> None:
        from referrals.administration import Filter

        list_some(database_url, kind, Filter(status=status, most=most, after=after))


def add_commands(app: typer.Typer, kind: Kind) -> None:
    """Give an app the commands that are the same for all kinds."""

    @app.command(help=f"Show everything about one {kind}.")
    def show(id_: Id, database_url: DatabaseUrl) -> None:
        from msgspec.structs import asdict

        from referrals import administration

        found = accept(run(database_url, lambda connection: administration.find(connection, kind, id_)))
        showing.show_one(asdict(found))

    @app.command("change", help=f"Change settings of one {kind}. Nothing behind the = takes a value away.")
    def change_settings(id_: Id, settings: Settings, database_url: DatabaseUrl) -> None:
        change(database_url, kind, id_, read_settings(kind, settings))
        print(f"{kind} {id_} is changed: in force everywhere within a second")

    @app.command(help=f"Pause one {kind}: its visitors go to the program's fallback, without cookie or click.")
    def pause(id_: Id, database_url: DatabaseUrl) -> None:
        set_status(database_url, kind, id_, "paused")

    @app.command(help=f"Resume one {kind}: its clicks count again.")
    def resume(id_: Id, database_url: DatabaseUrl) -> None:
        set_status(database_url, kind, id_, "active")


def set_status(database_url: str, kind: Kind, id_: str, status: Status) -> None:
    change(database_url, kind, id_, {"status": status})
    print(f"{kind} {id_} is {status}: in force everywhere within a second")


add_list(program, "program")
add_list(affiliate, "affiliate")
add_commands(program, "program")
add_commands(affiliate, "affiliate")
add_commands(code, "code")


@code.command()
def check(
    code_or_link: Annotated[str, typer.Argument(metavar="CODE|URL", help="a code, or a link as it was visited")],
    database_url: DatabaseUrl,
    public_url: PublicUrl = None,
) -> None:
    """Tell what a visit would get, and why. Exit code 1 when it would not count as a click."""
    from referrals import administration
    from referrals.explain import explain, read_asked

    asked = read_asked(code_or_link)
    answer = run(database_url, lambda connection: administration.check(connection, asked.code))
    explained = explain(asked, answer, public_url)
    showing.show_one(showing.describe_check(explained))
    if not explained.counted:
        raise typer.Exit(1)


def import_(
    file: Annotated[Path, typer.Argument(help="CSV, UTF-8, with a header")],
    database_url: DatabaseUrl,
) -> None:
    """Import referral codes from a CSV file: all of them, or none and the lines that are wrong.

    Columns: code, affiliate_id, program_id; as wanted status, target_url, affiliate_name (makes a missing affiliate).
    """
    from referrals.importing import NotImported, import_file

    with failing_clearly(OSError):
        data = file.read_bytes()
    imported = run(database_url, lambda connection: import_file(connection, data))
    if isinstance(imported, NotImported):
        showing.show_errors(imported, file)
        raise typer.Exit(2)
    print(f"{imported.codes} codes and {imported.affiliates} affiliates imported")
