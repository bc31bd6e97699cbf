"""The two ways of cutting a line, by position and by pattern, agree on every line."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.sandbox.dbt_project.conftest import Lake
from tests.sandbox.dbt_project.cutting import by_number, staging_sql
from tests.sandbox.dbt_project.wild_lines import all_cases

pytestmark = pytest.mark.long

HEAD = "owner photos [06/Feb/2026:00:00:38 +0000] 192.0.2.3 me 3E57427F3EXAMPLE"
TAIL = "s9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2BHfIa6Uk= SigV4 C AuthHeader h TLSv1.3 - - us-east-1"
# Long enough to be told from a signature version, as real ones are.
HOST_IDS = st.sampled_from(["s9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2BHfIa6Uk=", "-", "X" * 28])
WORDS = st.sampled_from(
    [
        *("-", "a", "arn:aws:iam::1:user/x", "[b]", "200", "k'ey", "ü/ä", "a%20b", "SigV4"),
        "x/CloudFront Origin Access Identity y",
    ]
)
SPACES = st.sampled_from([" "] * 30 + ["  "])
HOSTILE = st.lists(
    st.sampled_from(
        [
            "a",
            " ",
            '"',
            "-",
            "200",
            " - ",
            '" "',
            '" 200 - 1 1 1 1 "',
            '" - HOST SigV4 C ',
            "é",
            "\\",
            "GET /k HTTP/1.1",
        ]
    ),
    max_size=6,
).map("".join)
QUOTED = st.one_of(
    st.just("-"),
    st.just('"-"'),
    st.just('""'),
    st.just('"GET /k HTTP/1.1"'),
    HOSTILE.map(lambda text: f'"{text}"'),
)
NUMBERS = st.one_of(st.just("-"), st.integers(0, 10**12).map(str))


@st.composite
def lines(draw: st.DrawFn) -> str:
    """A line of an access log as clients can make it: any field may be odd, most are not."""
    operation = draw(
        st.sampled_from(["REST.GET.OBJECT", "BATCH.DELETE.OBJECT", "S3.EXPIRE.OBJECT", "-", "odd"])
    )
    identity = "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"
    requester = draw(st.one_of(WORDS, st.just(identity), st.just(f"{identity} E2")))
    head = [
        "owner",
        draw(WORDS),
        "[06/Feb/2019:00:00:38",
        "+0000]",
        draw(WORDS),
        requester,
        draw(WORDS),
        operation,
    ]
    block = [
        draw(st.sampled_from(["200", "403", "-", "x"])),
        draw(WORDS),
        *(draw(NUMBERS) for _ in range(4)),
    ]
    tail = [
        "v",
        draw(HOST_IDS),
        "SigV4",
        "C",
        "AuthHeader",
        "h",
        "TLSv1.2",
        "-",
        "-",
        "eu-west-1",
        "new",
    ]
    known = tail[: draw(st.sampled_from([0, 1, 2, 6, 7, 8, 9, 10, 11]))]
    fields = [*head, draw(WORDS), draw(QUOTED), *block, draw(QUOTED), draw(QUOTED), *known]
    return "".join(field + draw(SPACES) for field in fields[:-1]) + fields[-1]


def assert_alike(lake: Lake, texts: list[str]) -> None:
    columns = lake.rows(staging_sql(texts))
    by_position, by_pattern = (
        by_number(columns),
        by_number(lake.rows(staging_sql(texts, by_pattern_only=True))),
    )
    differing = [
        text for number, text in enumerate(texts) if by_position[number] != by_pattern[number]
    ]
    assert differing[:3] == []


# Many lines to a query, since a query is what costs: the one that differs is named, shrinking would take minutes.
@settings(
    max_examples=settings.default.max_examples // 10,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(texts=st.lists(lines(), min_size=40, max_size=120))
def test_a_line_is_cut_alike_by_position_and_by_pattern(lake: Lake, texts: list[str]) -> None:
    """Every example is two queries over up to 120 lines; the number of examples is the profile's."""
    assert_alike(lake, texts)


def test_an_identity_before_a_dash_is_cut_alike(lake: Lake) -> None:
    head = "owner b [06/Feb/2019:00:00:38 +0000] 192.0.2.3 arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"
    rest = 'S3.EXPIRE.OBJECT a "GET /k HTTP/1.1" 200 200 - - 1 1 "" "x" v X SigV4 C AuthHeader h TLSv1.2 - -'
    assert_alike(lake, [f"{head} {request_id} {rest}" for request_id in ("-", "-R", "R1")])


def test_wild_lines_are_cut_alike_by_position_and_by_pattern(lake: Lake) -> None:
    assert_alike(lake, [case.line for case in all_cases()])


def test_a_key_that_looks_like_the_rest_of_a_line_is_not_believed(lake: Lake) -> None:
    """Keys of copies and batches may hold spaces, and any key may hold quotes."""
    texts = [
        f"{HEAD} BATCH.DELETE.OBJECT k - 200 - 9 9 9 9 - - - 204 - - - - - - - - {TAIL}",
        f'{HEAD} BATCH.DELETE.OBJECT k "-" 200 - 9 9 9 9 "-" "y" - 204 - - - - - - - - {TAIL}',
        f"{HEAD} REST.COPY.OBJECT_GET k - 200 - 9 9 9 9 - - - 403 AccessDenied 1 - 1 - - - - {TAIL}",
        f'{HEAD} REST.DELETE.OBJECT - [x"-" "DELETE /k HTTP/1.1" 204 - - 1 5 - "-" "ua" - {TAIL}',
        f"{HEAD} BATCH.DELETE.OBJECT a b - 204 - - - - - - - - {TAIL}",
    ]
    rows = by_number(lake.rows(staging_sql(texts)))
    assert [rows[number]["quarantine_reason"] for number in range(5)] == [
        *["ambiguous_status"] * 3,
        "no_match",
        None,
    ]
    assert rows[4]["object_key_raw"] == "a b"
    assert_alike(lake, texts)


def test_ordinary_lines_are_cut_by_position(lake: Lake) -> None:
    """The property above would hold of a fast way that no line takes."""
    texts = [
        f'{HEAD} REST.GET.OBJECT k "GET /k HTTP/1.1" 200 - 1 1 1 1 "-" "aws-cli/2" - {TAIL}',
        f"{HEAD} BATCH.DELETE.OBJECT k - 204 - - - - - - - - {TAIL}",
        f'{HEAD} S3.EXPIRE.OBJECT k "-" - - - 1 - - "-" "-" - {TAIL}',
    ]
    before_the_columns = staging_sql(texts).rpartition("\nselect\n")[0]
    cut = lake.rows(f"{before_the_columns}\nselect is_plain from by_position")
    assert [row["is_plain"] for row in cut] == ["true"] * 3
