"""The lines of `make advise`."""

from __future__ import annotations

from lacuna.cli.advice import lines


def row(bucket: str, verdict: str, remedy: str, call: str = "", is_action: str = "true"):
    """A row of the query for advice."""
    return {
        "bucket_name": bucket,
        "verdict": verdict,
        "remedy": remedy,
        "call": call,
        "is_action": is_action,
    }


def test_advice_has_its_calls_on_lines_of_their_own_and_nothing_that_moves_a_cursor():
    rows = [
        row("photos", "off", "Turn it on.", "# keep the rest\naws s3api x --bucket photos"),
        row("photos", "off", "Look at \x1b[2Jit."),
    ]
    assert list(lines(rows, whole=False)) == [
        "photos: off",
        "  - Turn it on.",
        "# keep the rest",
        "aws s3api x --bucket photos",
        "  - Look at \\x1b[2Jit.",
        "",
    ]


def test_the_worst_verdict_comes_first_and_a_new_word_before_all():
    verdicts = ("delivering", "silent", "off", "odd", "broken_target", "silent")
    rows = [row(f"b{n}", verdict, "Do it.") for n, verdict in enumerate(verdicts)]
    heads = [line for line in lines(rows, whole=False) if line.startswith("b")]
    assert heads == [
        *("b3: odd", "b4: broken_target", "b1: silent", "b5: silent", "b2: off"),
        "b0: delivering",
    ]


def test_a_query_is_a_command_to_copy_unless_a_quote_could_end_it():
    calls = 'select 1 from t where a = \'b\'\nselect "a"\n{"json": 1}'
    assert list(lines([row("photos", "silent", "Look.", calls)], whole=False))[2:-1] == [
        "make ask SQL=\"select 1 from t where a = 'b'\"",
        'select "a"',
        '{"json": 1}',
    ]


def test_what_needs_no_action_is_shown_only_if_the_bucket_was_asked_for():
    known = "A trail was changed."
    rows = [
        row("music", "delivering", known, is_action="false"),
        row("photos", "off", "Turn it on."),
        row("photos", "off", known, is_action="false"),
        dict.fromkeys(row("", "", "")) | {"bucket_name": "videos", "verdict": "delivering"},
    ]
    assert list(lines(rows, whole=False)) == ["photos: off", "  - Turn it on.", ""]
    assert list(lines(rows[:1], whole=True)) == ["music: delivering", f"  - {known}", ""]
