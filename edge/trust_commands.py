"""`lineside edge trust`: the OPC UA servers this edge talks to with signing and encryption."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cryptography import x509

    from edge.drivers.opcua.trust import KnownCertificate

app = typer.Typer(
    no_args_is_help=True,
    help="Which OPC UA servers to trust. A server met for the first time is refused until its certificate is accepted.",
)

Fingerprint = Annotated[
    str, typer.Argument(help="The first digits (at least 6) of its SHA-256 fingerprint or SHA-1 thumbprint.")
]


@app.command("list", epilog="Example: lineside edge trust list")
def list_certificates(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Show this edge's own certificate, those it trusts and those it refused, with their fingerprints, newest last."""
    from edge.drivers.opcua.trust import TrustList

    trust = TrustList()
    own = trust.own()
    trusted = trust.trusted()
    shown = {
        "own": [own] if own else [],
        "trusted": [one for one in trusted if not one.is_issuer],
        "issuers": [one for one in trusted if one.is_issuer],
        "rejected": trust.rejected(),
    }
    if as_json:
        typer.echo(json.dumps({kind: [_fields(one) for one in found] for kind, found in shown.items()}))
        return
    for kind, found in shown.items():
        typer.echo(f"{kind}: {len(found) or 'none'}")
        for one in found:
            typer.echo(_in_words(one))
            if kind == "issuers":
                typer.echo(f"    {_list_in_words(trust.revocation_list(one))}")


@app.command(
    epilog="Examples: lineside edge trust accept 3f9ac1d27b6e  ·  lineside edge trust accept press1-certificate.der"
    "  ·  lineside edge trust accept plant-ca.crl"
)
def accept(
    certificate: Annotated[
        str,
        typer.Argument(
            help="The first digits of its fingerprint or thumbprint; a .der or .pem file; or a .crl, a revocation list."
        ),
    ],
) -> None:
    """Trust a server that was refused, or the certificate in a file. Compare the fingerprint with the machine's first.

    The certificate of an authority is trusted for every server that it signed, unless its revocation list names it.
    """
    from edge.drivers.opcua.trust import NoSuchCertificate, TrustList

    trust, file = TrustList(), Path(certificate)
    try:
        if file.suffix.lower() == ".crl":
            issuer, revocations = trust.accept_list(file)
            typer.echo(f"revoked by {issuer.name} from now on: {_list_in_words(revocations)}")
            return
        accepted = trust.accept_file(file) if file.suffix else trust.accept(certificate)
    except (NoSuchCertificate, OSError, ValueError) as error:
        typer.echo(f"{certificate}: {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(
        "trusted from now on, with all that it signs:" if accepted.is_issuer else "trusted from now on:"
    )
    typer.echo(_in_words(accepted))


@app.command(epilog="Example: lineside edge trust reject 3f9ac1d27b6e")
def reject(fingerprint: Fingerprint) -> None:
    """Trust a server no more. An edge that runs refuses it at its next connection."""
    from edge.drivers.opcua.trust import NoSuchCertificate, TrustList

    try:
        rejected = TrustList().reject(fingerprint)
    except (NoSuchCertificate, OSError, ValueError) as error:
        typer.echo(f"{fingerprint}: {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo("no longer trusted:")
    typer.echo(_in_words(rejected))


def _in_words(one: "KnownCertificate") -> str:
    signs = "  signs others" if one.is_issuer else ""
    return (
        f"  {one.name or 'without a name'}  {one.application_uri}  valid until {one.not_after:%Y-%m-%d}{signs}\n"
        f"    SHA-256 {one.sha256}\n"
        f"    SHA-1   {one.sha1}"
    )


def _list_in_words(revocations: "x509.CertificateRevocationList | None") -> str:
    if revocations is None:
        return "no revocation list: lineside edge trust accept FILE.crl"
    until = revocations.next_update_utc
    due = f", a newer one was due on {until:%Y-%m-%d}" if until and until < datetime.now(UTC) else ""
    return f"revocation list of {revocations.last_update_utc:%Y-%m-%d}, {len(revocations)} certificates{due}"


def _fields(one: "KnownCertificate") -> dict[str, str | bool]:
    return {
        "sha256": one.sha256,
        "sha1": one.sha1,
        "name": one.name,
        "application_uri": one.application_uri,
        "not_after": one.not_after.isoformat(),
        "file": str(one.file),
        "is_issuer": one.is_issuer,
    }
