"""Settings from the environment (`DRAWBRIDGE_…`) or a `.env` file; secrets also from files.

DRAWBRIDGE_HOME             where ledger, certificates and workbooks are kept (default: var)
DRAWBRIDGE_DATABASE_URL     the ledger; default: SQLite in HOME
DRAWBRIDGE_PLATFORM_URL     the provincial platform; unset: `run` starts a mock of its own
DRAWBRIDGE_PUBLICITY_URL    the publicity system's exchange and public view
DRAWBRIDGE_APP_KEY, DRAWBRIDGE_APP_SECRET (or …_APP_SECRET_FILE)
DRAWBRIDGE_PROFILE          interface profile: a name in connectors/profiles or a path (default: hebei)
DRAWBRIDGE_CA_FILE          a private certification authority, PEM
DRAWBRIDGE_KEY_FILE         keys that seal personal data in the ledger, see docs/security.md
DRAWBRIDGE_CLOCK_URL        a mock's control face; set: campaign time is read there
DRAWBRIDGE_MAX_WAIT_S       how long a run waits for people before it ends as waiting (default: 0)
DRAWBRIDGE_POLL_S           seconds between two looks while it waits (default: 30)
DRAWBRIDGE_DIRECTORY_LOSS_PERCENT  more rows than this gone or bad: the directory is not used (default: 20)
DRAWBRIDGE_ALERT_URLS (or …_FILE)  where alerts go, see docs/alerts.md
DRAWBRIDGE_DIGEST_AT        when the day's digest is sent, Shanghai (default: 08:30)
DRAWBRIDGE_METRICS_PORT, DRAWBRIDGE_METRICS_FILE   figures for Prometheus
DRAWBRIDGE_FILES_URL        where a browser can read the folder HOME, for links in the pages (default: none)
DRAWBRIDGE_PAPERS           what the stages print: forms, slips, letters, groups (default: all), or none
DRAWBRIDGE_TEMPLATES        the office's own templates (default: 文书模板 in HOME), see docs/paper.md
DRAWBRIDGE_FONTS            a folder of fonts, looked into before the system's
DRAWBRIDGE_FONT_FAMILIES    of text, then of headings (default: Noto Serif CJK SC,Noto Sans CJK SC)
DRAWBRIDGE_VERIFIER_URL     where the verifier page is published, as slips print it
"""

from __future__ import annotations

from datetime import time
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from schemas.errors import DrawbridgeError
from schemas.system_errors import problem

# The ledger's file in HOME, where no other database is set.
LEDGER_FILE = "ledger.sqlite3"

_PAPERS = r"^(none|(forms|slips|letters|groups)(,(forms|slips|letters|groups))*)$"


class Settings(BaseSettings):
    """What one installation is set to. Times in seconds of wall time."""

    model_config = SettingsConfigDict(
        env_prefix="DRAWBRIDGE_",
        env_file=".env",
        extra="ignore",
        env_ignore_empty=True,
        hide_input_in_errors=True,
        frozen=True,
    )

    home: Path = Path("var")
    database_url: SecretStr | None = None
    platform_url: str | None = None
    publicity_url: str | None = None
    app_key: str | None = None
    app_secret: SecretStr | None = None
    app_secret_file: Path | None = None
    profile: str = "hebei"
    ca_file: Path | None = None
    key_file: Path | None = None
    clock_url: str | None = None
    source: str | None = None
    alert_urls: SecretStr | None = None
    alert_urls_file: Path | None = None
    digest_at: time = time(8, 30)
    metrics_port: int | None = Field(default=None, ge=1, le=65535)
    metrics_file: Path | None = None
    files_url: str | None = None
    max_wait_s: float = Field(default=0, ge=0, allow_inf_nan=False)
    poll_s: float = Field(default=30, ge=0, allow_inf_nan=False)
    directory_loss_percent: int = Field(default=20, ge=0, le=100)
    papers: str = Field(default="forms,slips,letters,groups", pattern=_PAPERS)
    templates: Path | None = None
    fonts: Path | None = None
    font_families: str = Field(default="Noto Serif CJK SC,Noto Sans CJK SC", min_length=1)
    verifier_url: str | None = Field(default=None, max_length=300)

    @property
    def ledger_url(self) -> str:
        """The ledger's SQLAlchemy URL (it may hold a password: never print it)."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.home / LEDGER_FILE}"

    @property
    def families(self) -> tuple[str, ...]:
        """The font families of text, then of headings."""
        return tuple(name.strip() for name in self.font_families.split(",") if name.strip())

    @property
    def secret(self) -> SecretStr:
        """The application's secret, from the environment or its file.

        Raises DrawbridgeError DB-SET-002 if there is neither, DB-CLI-003 if the file cannot be read.
        """
        if self.app_secret is not None:
            return self.app_secret
        if self.app_secret_file is None:
            raise DrawbridgeError("DB-SET-002", name="DRAWBRIDGE_APP_SECRET")
        try:
            return SecretStr(self.app_secret_file.read_text("utf-8").strip())
        except (OSError, UnicodeDecodeError) as error:
            detail = problem(error, reading=True) if isinstance(error, OSError) else "不是 UTF-8 文字"
            raise DrawbridgeError("DB-CLI-003", path=self.app_secret_file, detail=detail) from error


def load_settings() -> Settings:
    """The settings in force. Raises DrawbridgeError DB-SET-001 naming the first that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = "DRAWBRIDGE_" + "_".join(str(part) for part in first["loc"]).upper()
        raise DrawbridgeError("DB-SET-001", name=name, detail=_fault(first)) from None


# What pydantic finds -> how people read it; `{}` is the bound.
_FAULTS = {
    "finite_number": "应为有限的数",
    "float_parsing": "应为数字",
    "int_parsing": "应为整数",
    "int_from_float": "应为整数",
    "greater_than_equal": "不能小于 {ge}",
    "less_than_equal": "不能大于 {le}",
    "time_parsing": "应为时刻，如 08:30",
    "string_too_long": "不能超过 {max_length} 个字符",
    "string_too_short": "不能是空的",
    "string_pattern_mismatch": "不是可以写的内容",
}


def _fault(found: ErrorDetails) -> str:
    words = _FAULTS.get(found["type"])
    return found["msg"] if words is None else words.format_map(found.get("ctx", {}))
