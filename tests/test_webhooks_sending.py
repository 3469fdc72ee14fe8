"""One request: what it carries, where it may go, and that nothing the other side does holds it up."""

import hashlib
import hmac
import ssl
import subprocess
import threading
import time
from datetime import UTC, datetime
from ipaddress import ip_network

import pytest

from tests.support.receiver import Listening, free_port
from webhooks.addresses import AddressError, NameUnknownError, allowed, resolved, target_of
from webhooks.sending import ANSWER_BYTES, post
from webhooks.signing import signature

LOOPBACK = ip_network("127.0.0.0/8")
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def inside(settings):
    """Receivers on this machine may be called."""
    settings.WEBHOOKS_ALLOW, settings.WEBHOOKS_HTTP = [LOOPBACK], True


# --- which addresses --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "ip",
    [
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "192.0.2.1", "198.18.0.1", "203.0.113.9",
        "192.88.99.1", "224.0.0.1", "239.1.2.3", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "fe80::1", "fe80::1%eth0", "fc00::1",
        "fd00:ec2::254", "ff02::1", "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "2002:7f00:1::",
        "2002:808:808::",
        "2001:0:4136::1", "2001:db8::1", "3fff::1", "5f00::1", "100::1", "no address",
    ],
)  # fmt: skip
def test_what_is_no_host_of_the_internet_may_not_be_called(ip):
    assert not allowed(ip)


@pytest.mark.parametrize(
    "ip", ["8.8.8.8", "93.184.216.34", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::8"]
)
def test_hosts_of_the_internet_may_be_called(ip):
    assert allowed(ip)


def test_a_network_of_the_setting_may_be_called_and_nothing_beside_it(settings):
    settings.WEBHOOKS_ALLOW = [ip_network("10.1.0.0/16"), ip_network("fd00::/64")]
    assert [allowed(ip) for ip in ("10.1.2.3", "10.2.0.1", "fd00::5", "fd00:0:0:1::5", "::ffff:10.1.2.3")] == [
        True, False, True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "url",
    [
        "", "shop.pl", "//shop.pl/", "ftp://shop.pl/", "file:///etc/passwd", "gopher://shop.pl/", "javascript:alert(1)",
        "http://shop.pl/", "https://", "https:///x", "https:/shop.pl/", "https://ola:x@shop.pl/", "https://ola@shop.pl/",
        "https://shop.pl/#a", "https://shop.pl:22/", "https://shop.pl:25/", "https://shop.pl:6379/", "https://shop.pl:0/",
        "https://shop.pl:99999/", "https://shop.pl:x/", "https://sh op.pl/", "https://shop.pl/\r\nX: y", "https://shop.pl\\@x/",
        "https://[::1", "https://[::1%25eth0]/", "https://shop..pl/", "https://-shop.pl/", "https://shop.pl\x00/",
        "https://" + "a" * 64 + ".pl/", "https://shop.pl/" + "a" * 2000, "https://sh%6fp.pl/", "https://shop.pl,evil.pl/",
    ],
)  # fmt: skip
def test_an_address_that_could_be_read_in_two_ways_or_is_of_another_kind_is_refused(url):
    with pytest.raises(AddressError):
        target_of(url)


def test_an_address_is_kept_in_one_form(settings):
    punycode = "żółte-buty.pl".encode("idna").decode()
    assert target_of("https://Żółte-Buty.PL./ścieżka?a=b+c").url == f"https://{punycode}/%C5%9Bcie%C5%BCka?a=b+c"
    assert target_of("https://shop.pl:443").url == "https://shop.pl/"
    assert target_of("https://shop.pl:8443/x%20y").url == "https://shop.pl:8443/x%20y"
    assert target_of("https://[2606:4700::1111]:8443/x").url == "https://[2606:4700::1111]:8443/x"
    settings.WEBHOOKS_HTTP = True
    assert target_of("http://shop.pl/").url == "http://shop.pl/"


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "localhost"])
def test_a_number_that_means_loopback_is_seen_for_what_it_is(host):
    with pytest.raises(AddressError):
        resolved(target_of(f"https://{host}/"))


def test_one_private_address_among_a_hosts_addresses_is_enough_to_refuse_it():
    with pytest.raises(AddressError):
        resolved(target_of("https://shop.pl/"), resolver=lambda *_: ["93.184.216.34", "10.0.0.1"])


def test_a_name_that_takes_too_long_is_not_waited_for():
    answered = threading.Event()  # never, as far as this question goes
    try:
        with pytest.raises(NameUnknownError):
            resolved(target_of("https://shop.pl/"), resolver=lambda *_: [str(answered.wait(20))], seconds=0.05)
    finally:
        answered.set()


# --- the request ------------------------------------------------------------------------------------------------
def test_the_request_carries_the_body_as_it_is_signed(inside):
    body, at = '{"imię":"Łucja"}'.encode(), datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
    with Listening() as receiver:
        headers = {**JSON, "Sito-Signature": signature(body, keys=["new", "old"], at=at)}
        answer = post(receiver.url("/hook?a=1"), body, headers)
    got = receiver.got[0]
    assert (answer.ok, answer.status, answer.text) == (True, 200, "thank you")
    assert (got.path, got.body, got.headers["Host"]) == ("/hook?a=1", body, f"127.0.0.1:{receiver.port}")
    stamp, new, old = got.headers["Sito-Signature"].split(",")
    expected = [hmac.new(key, b"1795338000." + body, hashlib.sha256).hexdigest() for key in (b"new", b"old")]
    assert [stamp, new, old] == ["t=1795338000", f"v1={expected[0]}", f"v1={expected[1]}"]


def test_a_loopback_receiver_is_not_called_unless_the_setting_allows_it(settings):
    settings.WEBHOOKS_HTTP = True
    with Listening() as receiver:
        answer = post(receiver.url(), b"{}", JSON)
    assert (answer.problem, receiver.got) == ("address", [])


def test_the_address_judged_is_the_one_connected_to_whatever_the_name_says_next(settings):
    """A resolver that answers with a harmless address first and with loopback ever after."""
    settings.WEBHOOKS_HTTP, settings.WEBHOOKS_ALLOW = True, [ip_network("127.0.0.7/32")]
    asked = []

    def changing(host, _port):
        asked.append(host)
        return ["127.0.0.7"] if len(asked) == 1 else ["127.0.0.1"]

    with Listening() as receiver:  # at 127.0.0.1: what the name means from the second question on
        first = post(receiver.url(host="shop.example"), b"{}", JSON, resolver=changing)
        assert (first.problem, len(asked), receiver.got) == ("connect", 1, [])
        second = post(receiver.url(host="shop.example"), b"{}", JSON, resolver=changing)
    assert (second.problem, len(asked), receiver.got) == ("address", 2, [])


def test_the_name_is_what_the_receiver_is_asked_for(inside):
    with Listening() as receiver:
        assert post(receiver.url(host="shop.example"), b"{}", JSON, resolver=lambda *_: ["127.0.0.1"]).ok
    assert receiver.got[0].headers["Host"] == f"shop.example:{receiver.port}"


def test_a_redirect_is_not_followed(inside):
    with Listening() as other, Listening(answers=[302], headers={"Location": other.url()}) as receiver:
        answer = post(receiver.url(), b"{}", JSON)
    assert (answer.status, answer.problem, other.got) == (302, "redirect", [])


def test_proxies_of_the_environment_are_not_used(inside, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    with Listening() as receiver:
        assert post(receiver.url(), b"{}", JSON).ok


@pytest.mark.parametrize(
    ("status", "problem"), [(204, ""), (299, ""), (300, "redirect"), (404, "status"), (500, "status")]
)
def test_only_a_2xx_is_a_success(inside, status, problem):
    with Listening(answers=[status], text=b"") as receiver:
        assert post(receiver.url(), b"{}", JSON).problem == problem


def test_of_an_answer_the_first_bytes_are_kept(inside):
    with Listening(text=b"\x00\xff" + b"x" * 5_000_000, answers=[500]) as receiver:
        answer = post(receiver.url(), b"{}", JSON)
    assert (answer.status, len(answer.text), answer.text[:3]) == (500, ANSWER_BYTES, "��x")


@pytest.mark.parametrize(("given", "kept"), [("120", 120), ("999999", 21600), ("soon", 0), ("-5", 0), ("9" * 30, 0)])
def test_it_is_heard_for_how_long_the_receiver_wants_to_be_left_alone(inside, given, kept):
    with Listening(answers=[503], headers={"Retry-After": given}) as receiver:
        assert post(receiver.url(), b"{}", JSON).retry_after == kept


# --- what holds it up -------------------------------------------------------------------------------------------
def drip(handler):
    """A header without an end for seconds: each byte comes well before any time limit of a single read."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    gone = handler.connection
    gone.settimeout(0.03)
    for _byte in range(150):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        try:
            if gone.recv(1) == b"":
                return
        except TimeoutError:
            continue


def nothing(handler):
    handler.connection.settimeout(5)
    handler.connection.recv(1)  # until the other side goes


@pytest.mark.parametrize("way", [drip, nothing])
def test_a_receiver_that_keeps_it_waiting_is_left_when_the_time_is_up(inside, way):
    began = time.monotonic()
    with Listening(answers=[way]) as receiver:
        answer = post(receiver.url(), b"{}", JSON, seconds=0.3)
    assert answer.problem == "timeout"  # and not what the receiver says after five seconds
    assert time.monotonic() - began > 0.25


def test_what_is_no_http_is_said(inside):
    with Listening(answers=[lambda handler: handler.wfile.write(b"+OK redis\r\n\r\n")]) as receiver:
        assert post(receiver.url(), b"{}", JSON).problem == "answer"
    with Listening(answers=[lambda handler: None]) as receiver:
        assert post(receiver.url(), b"{}", JSON).problem == "answer"


def test_where_nobody_listens_is_said(inside):
    assert post(f"http://127.0.0.1:{free_port()}/", b"{}", JSON).problem == "connect"


def test_a_name_that_nobody_has_is_said(inside):
    def unknown(*_):
        raise NameUnknownError("no such host")

    assert post("https://shop.example/", b"{}", JSON, resolver=unknown).problem == "name"


# --- https --------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """One of `hooks.example`, signed by itself."""
    folder = tmp_path_factory.mktemp("certificate")
    key, made = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-keyout", key, "-out", made, "-subj", "/CN=hooks.example", "-addext", "subjectAltName=DNS:hooks.example"],
        check=True, capture_output=True,
    )  # fmt: skip
    return made, key


@pytest.fixture
def secure(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


def test_over_https_the_certificate_must_be_the_names_although_an_address_is_connected_to(inside, certificate, secure):
    trusting = ssl.create_default_context(cafile=certificate[0])
    here = {"resolver": lambda *_: ["127.0.0.1"], "context": trusting}
    with Listening(context=secure) as receiver:
        right = post(receiver.url(host="hooks.example"), b"{}", JSON, **here)
        wrong = post(receiver.url(host="other.example"), b"{}", JSON, **here)
    assert (right.problem, wrong.problem, len(receiver.got)) == ("", "tls", 1)


def test_over_https_a_certificate_that_nobody_vouches_for_is_refused(inside, secure):
    with Listening(context=secure) as receiver:
        answer = post(receiver.url(host="hooks.example"), b"{}", JSON, resolver=lambda *_: ["127.0.0.1"])
    assert (answer.problem, receiver.got) == ("tls", [])
    assert "certificate" in answer.detail
