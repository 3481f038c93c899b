import time

import pytest

from flink_abnormal.pipeline.formats.times import milliseconds, text_milliseconds, yearless

NINE = 1_709_283_600_000  # 2024-03-01T09:00:00Z
HOUR = 3_600_000


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1_709_283_600, NINE),
        (1_709_283_600.25, NINE + 250),
        ("1709283600", NINE),
        ("1709283600.25", NINE + 250),
        ("1.7092836E9", NINE),
        (NINE, NINE),
        (NINE + 0.5, NINE),
        (f"{NINE}", NINE),
        (NINE * 1000 + 1, NINE),
        (NINE * 10**6, NINE),
        (f"{NINE}123456", NINE),
        (99_999_999_999, 99_999_999_999_000),
        (100_000_000_000, 100_000_000_000),
        (10**14, 10**11),
        (10**17, 10**11),
        (0, 0),
        (-1, -1000),
        ({"$date": "2024-03-01T09:00:00Z"}, NINE),
        ({"$date": NINE}, NINE),
        ({"$date": 5}, 5),
        ({"$date": {"$numberLong": f"{NINE}"}}, NINE),
        (f"/Date({NINE})/", NINE),
        (f"/Date({NINE}+0900)/", NINE),
    ],
)
def test_a_number_is_seconds_or_milliseconds_by_its_magnitude(value, expected):
    assert milliseconds(value) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-03-01T09:00:00Z", NINE),
        ("2024-03-01t09:00:00z", NINE),
        ("2024-03-01T09:00:00", NINE),
        ("2024-03-01 09:00:00", NINE),
        ("2024-03-01  09:00:00", NINE),
        ("2024-03-01T09:00", NINE),
        ("2024-03-01T09Z", NINE),
        ("2024-03-01", NINE - 9 * HOUR),
        ("20240301", NINE - 9 * HOUR),
        ("20240301T090000Z", NINE),
        ("20240301090000", NINE),
        ("2024/03/01 09:00:00", NINE),
        ("2024-W09-5T09:00:00Z", NINE),
        ("2024-061T09:00:00Z", NINE),
        ("2024-03-01 09:00:00 UTC", NINE),
        ("2024-03-01 09:00:00 utc", NINE),
        ("2024-03-01T09:00:00UTC", NINE),
        ("2024-03-01 09:00:00 GMT", NINE),
        ("2024-03-01 09:00:00 +0900", NINE - 9 * HOUR),
        ("2024-03-01 09:00:00+09:00", NINE - 9 * HOUR),
        ("2024-03-01T09:00:00+09", NINE - 9 * HOUR),
        ("2024-03-01T09:00:00-0530", NINE + 5.5 * HOUR),
        ("2024-03-01T09:00:00\u22120530", NINE + 5.5 * HOUR),
        ("2024-03-01T09:00:00 GMT+09:00", NINE - 9 * HOUR),
        ("2024-03-01T09:00:00+09:00[Asia/Seoul]", NINE - 9 * HOUR),
        ("2024-03-01 09:00:00 +0000 UTC", NINE),
        ("2024-03-01 09:00:00.5 +0900 KST m=+0.012", NINE - 9 * HOUR + 500),
        ("2024-03-01 09:00:00 KST", NINE - 9 * HOUR),
        ("2024-03-01 09:00:00 CEST", NINE - 2 * HOUR),
        ("Fri 2024-03-01 09:00:00 KST", NINE - 9 * HOUR),
        ("금 2024-03-01 09:00:00 KST", NINE - 9 * HOUR),
        ("2024-03-01 09:00:00,123", NINE + 123),
        ("2024-03-01T09:00:00.1234567Z", NINE + 123),
        ("2024-03-01T09:00:00.123456789Z", NINE + 123),
        ("2024-03-01T09:00:00.9996Z", NINE + 1000),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000),
        ("2024-03-01T24:00:00Z", NINE + 15 * HOUR),
        ("1969-12-31T23:59:59Z", -1000),
        (" 2024-03-01T09:00:00Z ", NINE),
        ("01/Mar/2024:09:00:00 +0900", NINE - 9 * HOUR),
        ("[01/Mar/2024:09:00:00 +0900]", NINE - 9 * HOUR),
        ("Fri, 01 Mar 2024 09:00:00 GMT", NINE),
        ("Fri, 1 Mar 2024 09:00:00 +0900", NINE - 9 * HOUR),
        ("Fri Mar  1 09:00:00 2024", NINE),
        ("Fri Mar  1 09:00:00 KST 2024", NINE - 9 * HOUR),
        ("Fri Mar 01 2024 09:00:00 GMT+0900 (Korean Standard Time)", NINE - 9 * HOUR),
        ("Mar  1 2024 09:00:00", NINE),
        ("2024 Mar  1 09:00:00", NINE),
        ("Mar 1, 2024 9:00:00 AM", NINE),
        ("March 1, 2024 12:00:00\u202fPM", NINE + 3 * HOUR),
    ],
)
def test_a_text_is_read_as_the_time_that_it_means(text, expected):
    assert milliseconds(text) == expected


@pytest.mark.parametrize(
    "value",
    [
        *("", "yesterday", "2024-13-01", "2024-02-30T00:00:00Z", "2024-03-01T25:00:00Z", "2024-03-01T09:60:00Z"),
        *("2024-03-01T09:00:60Z", "2024-03-01T24:00:01Z", "0000-01-01", "2024-01-01x12:00", "9999-W53-7"),
        *("2024-03-01T09:00:00+24:00", "2024-03-01T09:00:00+09:60", "2024-03-01 09:00:00 CST", "9" * 31, "9" * 21),
        *("Mar  1 09:00:00", "Fri Feb 30 09:00:00 2024", "Mar 1, 2024 13:00:00 PM", "3월  1 09:00:00 2024"),
        *(True, [2024], {}, {"$date": None}, {"$date": True}, {"$date": {"$numberLong": "x"}}, 10**20, 1e300),
    ],
)
def test_what_means_no_time_for_certain_is_none(value):
    assert milliseconds(value) is None


def test_a_time_without_a_zone_is_utc_wherever_the_machine_is(monkeypatch):
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "KST-9")
        time.tzset()
        read = [milliseconds("2024-03-01T09:00:00"), milliseconds("2024-W09-5T09:00:00")]
    time.tzset()
    assert read == [NINE, NINE]


def test_a_time_without_a_year_takes_the_one_that_is_given():
    assert yearless("Mar  1 09:00:00.123") == (3, 1)
    assert yearless("Mar  1 09:00:00 2024") is None
    assert yearless("2024-03-01 09:00:00") is None
    assert text_milliseconds("Mar  1 09:00:00.123", 2024) == NINE + 123
    assert text_milliseconds("Feb 29 09:00:00", 2024) == NINE - 24 * HOUR
    assert text_milliseconds("Feb 29 09:00:00", 2023) is None
