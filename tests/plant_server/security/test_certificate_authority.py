import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from plant_server.security.certificate_authority import CertificateAuthority


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def later(days: int) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def test_a_client_certificate_carries_the_identity_and_is_signed_by_the_plant(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path / "ca")
    issued = load(authority.client_pair("demo:press-shop").certificate)
    names = issued.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert [name.value for name in names] == ["demo:press-shop"]
    issued.verify_directly_issued_by(load(authority.certificate))
    usage = issued.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    public_key = issued.public_key()
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    assert public_key.curve.name == "secp256r1"


def test_the_broker_certificate_names_this_machine_and_the_names_given(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path / "ca")
    issued = load(authority.server_pair("broker.plant.local", "192.0.2.7").certificate)
    names = issued.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(names.get_values_for_type(x509.DNSName)) == {"localhost", "broker.plant.local"}
    addresses = {str(address) for address in names.get_values_for_type(x509.IPAddress)}
    assert addresses == {"127.0.0.1", "::1", "192.0.2.7"}
    again = load(authority.server_pair().certificate)  # Other names: another certificate.
    assert again.serial_number != issued.serial_number


def test_asking_again_changes_nothing(tmp_path: Path) -> None:
    def everything() -> dict[str, bytes]:
        authority = CertificateAuthority(tmp_path / "ca")
        authority.server_pair("broker.plant.local")
        authority.client_pair("demo:press-shop")
        files = [path for path in (tmp_path / "ca").rglob("*") if path.is_file()]
        return {str(path): path.read_bytes() for path in files}

    assert everything() == everything()


def test_keys_are_open_to_their_owner_alone(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path / "ca")
    authority.server_pair()
    authority.client_pair("demo:press-shop")
    keys = list((tmp_path / "ca").rglob("*.key"))
    assert len(keys) == 3
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}
    assert stat.S_IMODE((tmp_path / "ca").stat().st_mode) == 0o700


def test_a_certificate_is_renewed_in_its_last_30_days_with_the_same_key(tmp_path: Path) -> None:
    first = load(CertificateAuthority(tmp_path / "ca").client_pair("demo:press-shop").certificate)
    days = (first.not_valid_after_utc - datetime.now(UTC)).days
    early = CertificateAuthority(tmp_path / "ca", now=lambda: later(days - 31)).client_pair("demo:press-shop")
    assert load(early.certificate).serial_number == first.serial_number
    late = CertificateAuthority(tmp_path / "ca", now=lambda: later(days - 29)).client_pair("demo:press-shop")
    renewed = load(late.certificate)
    assert renewed.serial_number != first.serial_number
    assert renewed.public_key() == first.public_key()
    assert renewed.not_valid_after_utc > first.not_valid_after_utc


def test_a_renewed_authority_still_proves_what_the_old_one_issued(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path / "ca")
    old = load(authority.certificate)
    issued = load(authority.client_pair("demo:press-shop").certificate)
    assert (old.not_valid_after_utc - datetime.now(UTC)).days in range(3649, 3654)
    renewed = load(CertificateAuthority(tmp_path / "ca", now=lambda: later(3640)).certificate)
    assert renewed.serial_number != old.serial_number
    issued.verify_directly_issued_by(renewed)


def test_a_certificate_of_another_authority_is_issued_anew(tmp_path: Path) -> None:
    ours, foreign = CertificateAuthority(tmp_path / "ours"), CertificateAuthority(tmp_path / "foreign")
    pair = ours.client_pair("demo:press-shop")
    pair.certificate.write_bytes(foreign.client_pair("demo:press-shop").certificate.read_bytes())
    with pytest.raises(InvalidSignature):
        load(pair.certificate).verify_directly_issued_by(load(ours.certificate))
    ours.client_pair("demo:press-shop")
    load(pair.certificate).verify_directly_issued_by(load(ours.certificate))


def test_a_damaged_certificate_is_issued_anew(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path / "ca")
    pair = authority.client_pair("demo:press-shop")
    pair.certificate.write_text("-----BEGIN CERTIFICATE-----\ncut short")
    authority.client_pair("demo:press-shop")
    load(pair.certificate).verify_directly_issued_by(load(authority.certificate))


def test_identities_never_share_a_file_or_leave_the_folder(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path / "ca")
    pairs = [authority.client_pair(identity) for identity in ("a:b", "a%3Ab", "../a", "甲:乙")]
    assert len({pair.key for pair in pairs}) == 4
    assert {pair.key.parent for pair in pairs} == {tmp_path / "ca/clients"}


def test_an_identity_longer_than_a_common_name_may_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="length"):
        CertificateAuthority(tmp_path / "ca").client_pair("x" * 65)
