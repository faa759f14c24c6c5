import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.net.address import DEFAULT_PORT, JoinAddress, format_address, parse, plain_host
from chatroom.net.pins import ALPHABET

PIN = "01abcdefghjkmnpqrstvwxyz"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("chat.example.org", JoinAddress("chat.example.org", DEFAULT_PORT, True, None)),
        ("  chat.example.org:99\n", JoinAddress("chat.example.org", 99)),
        ("Chat.Example.ORG:99", JoinAddress("chat.example.org", 99)),
        (f"host:4567#{PIN}", JoinAddress("host", 4567, True, PIN)),
        (f"host#{PIN.upper()}", JoinAddress("host", DEFAULT_PORT, True, PIN)),
        ("host#OIab-cdef-ghjk-mnpq-rstv-wxyz", JoinAddress("host", DEFAULT_PORT, True, PIN)),
        ("127.0.0.1:1", JoinAddress("127.0.0.1", 1)),
        ("tcp://127.0.0.1:65535", JoinAddress("127.0.0.1", 65535, False)),
        ("TCP://localhost", JoinAddress("localhost", DEFAULT_PORT, False)),
        ("[::1]", JoinAddress("::1")),
        ("[0:0:0:0:0:0:0:1]:5", JoinAddress("::1", 5)),
        ("tcp://[FE80::1%eth0]:5", JoinAddress("fe80::1%eth0", 5, False)),
        (f"[2001:db8::7]:5#{PIN}", JoinAddress("2001:db8::7", 5, True, PIN)),
        ("xn--bcher-kva.example", JoinAddress("xn--bcher-kva.example")),
        ("under_score.local.", JoinAddress("under_score.local.")),
    ],
)
def test_what_people_type_is_understood(text: str, address: JoinAddress) -> None:
    assert parse(text) == address


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "host is missing"),
        (":4567", "host is missing"),
        ("tcp://", "host is missing"),
        ("host:", "port must be a number"),
        ("host:0", "between 1 and 65535"),
        ("host:65536", "between 1 and 65535"),
        ("host:999999999999999999", "port must be a number"),
        ("host:-1", "port must be a number"),
        ("host:１２", "port must be a number"),
        ("host:12ab", "port must be a number"),
        ("host#", "pin after # is missing"),
        ("host#short", "24 letters and digits"),
        (f"tcp://host#{PIN}", "pin needs TLS"),
        ("https://host", "unknown scheme https://"),
        ("::1", "needs brackets"),
        ("::1:4567", "needs brackets"),
        ("[::1", "needs brackets"),
        ("[::1]4567", "only :port may follow"),
        ("[host]:1", "only IPv6"),
        ("[:::]", "not an IPv6 address"),
        ("[fe80::1%]:1", "network interface"),
        ("[fe80::1%a b]:1", "network interface"),
        ("two words", "not a host name"),
        ("user@host", "not a host name"),
        ("host/path", "not a host name"),
        ("-host", "not a host name"),
        (".host", "not a host name"),
        ("a..b", "not a host name"),
        ("bücher.example", "xn--"),
        ("h" * 300, "not a host name"),
        ("ho\x1b[31mst", "not a host name"),
        ("ho\nst", "not a host name"),
    ],
)
def test_what_cannot_be_an_address_is_refused_in_one_plain_line(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint) as caught:
        parse(text)
    line = str(caught.value)
    assert line.isascii()
    assert line.isprintable()
    assert len(line) < 120


def test_an_impossible_address_cannot_be_made() -> None:
    for fields in (("", 1), ("host", 0), ("host", 70000), ("a b", 1)):
        with pytest.raises(ValueError):
            JoinAddress(*fields)
    with pytest.raises(ValueError):
        JoinAddress("host", 1, False, PIN)


labels = st.from_regex(r"[a-z0-9_]([a-z0-9_-]{0,10}[a-z0-9_])?", fullmatch=True)
hosts = st.one_of(
    st.lists(labels, min_size=1, max_size=5).map(".".join),
    st.ip_addresses().map(str),
    st.ip_addresses(v=6).map(lambda address: f"{address}%wlan0"),
)
addresses = st.one_of(
    st.builds(JoinAddress, hosts, st.integers(1, 65535), st.just(False), st.none()),
    st.builds(
        JoinAddress,
        hosts,
        st.integers(1, 65535),
        st.just(True),
        st.none() | st.text(ALPHABET, min_size=24, max_size=24),
    ),
)


@given(addresses)
def test_every_address_reads_back_as_itself(address: JoinAddress) -> None:
    assert parse(str(address)) == address
    assert str(parse(str(address))) == str(address)


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_a_value_error(text: str) -> None:
    try:
        address = parse(text)
    except ValueError:
        return
    assert parse(str(address)) == address


def test_addresses_are_written_with_brackets_where_they_need_them() -> None:
    assert format_address("host", 1) == "host:1"
    assert format_address("::1", 1) == "[::1]:1"
    assert plain_host("::ffff:192.0.2.1") == "192.0.2.1"
    assert plain_host("::ffff:1") == "::ffff:1"
