"""`assay vault`: sealed targets kept apart, under a key that modellers need not hold."""

from pathlib import Path
from typing import Annotated

import typer

from assay.cli.options import AsJson, KeyFile, LedgerFile, PortfolioPath, ProjectKey
from assay.cli.teach import command, group
from assay.cli.terminal import answer, aside, console, table, working
from assay.cli.workspace import open_workspace

Out = Annotated[
    Path, typer.Option("--out", metavar="DIR", help="Folder for modellers; made if not there.")
]
VaultFolder = Annotated[
    Path, typer.Option("--vault", metavar="DIR", help="Folder for the encrypted targets.")
]
NewKey = Annotated[
    Path, typer.Option("--key-file", metavar="FILE", help="Where the new key is written.")
]


def add(app: typer.Typer) -> None:
    """Announce `assay vault` and its commands."""
    vault = group(help="Keep sealed targets apart under a key, and answer looks.")
    app.add_typer(vault, name="vault")
    _add_seal(vault)
    _add_answer(vault)


def _add_seal(vault: typer.Typer) -> None:
    @command(
        vault,
        "seal",
        purpose="Split rows, and encrypt the sealed targets under a new key.",
        more="Run it where the data are. Hand --out and --vault to modellers and keep the key: "
        "with `data` and `vault` in their assay.toml they register and attempt as ever, and each "
        "look waits until you answer it.",
        example="assay vault seal . churn --out open --vault vault --key-file vault.key",
        writes="open.parquet, sealed.parquet, SPLIT.md and split.json in --out; vault.json and "
        "labels.bin in --vault; the key, readable by you alone. Nothing is overwritten.",
    )
    def seal(
        path: PortfolioPath,
        key: ProjectKey,
        out: Out,
        vault: VaultFolder,
        key_file: NewKey,
        ledger: LedgerFile = None,
        as_json: AsJson = False,
    ) -> None:
        from assay.experiment import seal_into_vault

        with open_workspace(path, ledger, must_exist=False) as workspace, working():
            report = seal_into_vault(workspace, key, out=out, vault=vault, key_file=key_file)
        if as_json:
            counts = {"open_rows": report.n_open, "sealed_rows": report.n_sealed}
            answer({"project": key, "folder": out, "vault": vault, "key_file": key_file} | counts)
            return
        console().print(
            f"{report.n_sealed:,} targets are sealed in {vault}; {key_file} opens it.\n"
            f'For modellers, in assay.toml:\ndata = "{out}"\nvault = "{vault}"'
        )


def _add_answer(vault: typer.Typer) -> None:
    @command(
        vault,
        "answer",
        purpose="Answer the looks that wait, one bit each.",
        more="For the keeper of the key. The vault counts each look before it is answered, so a "
        "ledger that was deleted or copied does not get new ones.",
        example="assay vault answer . --key-file vault.key",
        writes="answers, and a verdict where a claim is supported, in the ledger; counts of looks "
        "in the vault.",
    )
    def answer_looks(
        path: PortfolioPath,
        key_file: KeyFile = None,
        ledger: LedgerFile = None,
        as_json: AsJson = False,
    ) -> None:
        from assay.experiment import answer_waiting

        with open_workspace(path, ledger, key_file=key_file) as workspace, working():
            found = answer_waiting(workspace)
        if as_json:
            answer({"answered": found})
        elif not found:
            aside("no look waits")
        else:
            shown = table("project", "attempt", "look", "answer", right=("look",))
            for each in found:
                shown.add_row(each.project, each.attempt, str(each.look), each.answer)
            console().print(shown)
