"""The command itself."""

from __future__ import annotations

from dataclasses import asdict

import typer
from rich.console import RenderableType
from rich.table import Table

from clarion.clock import wall_clock_ms
from cli import screen
from cli.doctor.finding import Finding, Level
from cli.exit_code import ExitCode
from cli.option import JSONOption

_STYLES = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "bold red"}


def doctor(as_json: JSONOption = False) -> None:
    """Check the whole configuration: settings, stores, credentials, providers, workers, versions, clocks."""
    from cli.doctor.examination import examine  # noqa: PLC0415  # imports HTTP clients, which most commands do without

    with screen.err.status("looking"):
        findings = list(examine(wall_clock_ms))
    failed = any(finding.level is Level.FAIL for finding in findings)
    if as_json:
        screen.emit({"ok": not failed, "checks": [asdict(finding) for finding in findings]})
    else:
        screen.out.print(table(findings))
    raise typer.Exit(ExitCode.FAILED if failed else ExitCode.OK)


def table(findings: list[Finding]) -> RenderableType:
    """The findings, each with what to do about it."""
    rows = Table(box=None, pad_edge=False, show_header=False)
    rows.add_column(no_wrap=True)
    rows.add_column()
    rows.add_column()
    for finding in findings:
        said = finding.says + (f"\n→ {finding.advice}" if finding.advice else "")
        rows.add_row(finding.level.value, finding.check, said, style=None)
        rows.rows[-1].style = _STYLES[finding.level] if finding.level is not Level.OK else None
    return rows
