"""What logins, users and keys use, put together."""

from time import monotonic

import msgspec

from console.auth.account_tables import AccountTable, AccountTables
from console.auth.key_tables import KeyTable, KeyTables
from console.auth.keys import Keys
from console.auth.login_tables import FailureTable, LoginTables, SessionTable
from console.auth.login_throttle import LoginThrottle
from console.auth.password_queue import PasswordQueue
from console.auth.passwords import GuessCost, Passwords
from console.auth.sessions import Sessions
from console.database import Database
from console.settings import Settings


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """What logins, users and keys use.

    `device_key` signs device cookies, `pending_key` logins that wait for a code; `flow_key` encrypts those that wait
    for the provider, and `seal_key` secrets of codes.
    """

    sessions: Sessions
    accounts: AccountTable
    keys: Keys
    key_table: KeyTable
    throttle: LoginThrottle
    password_queue: PasswordQueue
    device_key: bytes
    pending_key: bytes
    flow_key: bytes
    seal_key: bytes


class LoginStorage(msgspec.Struct, frozen=True, kw_only=True):
    """The tables of logins, users and keys."""

    sessions: SessionTable
    failures: FailureTable
    accounts: AccountTable
    keys: KeyTable


def store_logins(accounts: Database) -> LoginStorage:
    tables = LoginTables(accounts)
    return LoginStorage(sessions=tables, failures=tables, accounts=AccountTables(accounts), keys=KeyTables(accounts))


def read_password(settings: Settings, guess_cost: GuessCost) -> Passwords:
    secret = settings.session_secret.reveal() if settings.session_secret else ""
    return Passwords(settings.password.reveal(), secret, guess_cost)


def make_login(passwords: Passwords, storage: LoginStorage) -> Login:
    return Login(
        sessions=Sessions(storage.sessions, passwords.make_key("session"), monotonic),
        accounts=storage.accounts,
        keys=Keys(storage.keys, monotonic),
        key_table=storage.keys,
        throttle=LoginThrottle(storage.failures, passwords.make_key("guest"), monotonic),
        password_queue=PasswordQueue(passwords),
        device_key=passwords.make_key("browser"),
        pending_key=passwords.make_key("pending"),
        flow_key=passwords.make_key("oidc"),
        seal_key=passwords.make_lasting_key("totp"),
    )
