"""The table says what the rounds said."""

from bench.costs import difference
from bench.load import UNIQUE, Load, Plan, request
from bench.profiling import top
from bench.projector import Batch, by_slice, cost, rate
from bench.stats import (
    Figure,
    Line,
    at_least,
    at_least_part,
    at_most_times,
    below,
    compared,
    percentile,
    table,
)


def line(ours: tuple[float, ...], floor: tuple[float, ...] | None = None) -> Line:
    return Line("command", "req/s", Figure(ours), Figure(floor) if floor else None)


class TestFigures:
    def test_the_median_stands_for_the_rounds(self) -> None:
        figure = Figure.of([30.0, 10.0, 20.0])
        assert (figure.median, figure.spread) == (20.0, 1.0)

    def test_the_ratio_pairs_the_rounds(self) -> None:
        """A machine that is busy in one round slows both in it, and says nothing about ours."""
        assert line((50.0, 5.0, 60.0), (100.0, 10.0, 100.0)).ratio == 0.5

    def test_without_a_floor_there_is_no_ratio(self) -> None:
        assert line((50.0,)).ratio is None

    def test_percentiles(self) -> None:
        ordered = [float(number) for number in range(1, 101)]
        assert percentile(ordered, 0.50) == 51.0
        assert percentile(ordered, 0.99) == 100.0
        assert percentile([], 0.99) == 0.0

    def test_percentile_of_one(self) -> None:
        assert percentile([7.0], 0.99) == 7.0


class TestMarks:
    def test_part_of_the_floor(self) -> None:
        assert at_least_part(line((50.0,), (100.0,)), 0.5).ok is True
        assert at_least_part(line((49.0,), (100.0,)), 0.5).ok is False

    def test_times_the_floor(self) -> None:
        assert at_most_times(line((30.0,), (10.0,)), 3).ok is True
        assert at_most_times(line((31.0,), (10.0,)), 3).ok is False

    def test_amounts(self) -> None:
        assert at_least(line((100.0,)), 100).ok is True
        assert at_least(line((99.0,)), 100).ok is False
        assert below(line((99.0,)), 100).ok is True
        assert below(line((100.0,)), 100).ok is False


class TestTable:
    def test_shows_what_falls_short(self) -> None:
        good = at_least_part(line((60.0, 60.0), (100.0, 120.0)), 0.5)
        bad = at_least(Line("relay", "events/s", Figure((4000.0,))), 10_000)
        head, _, first, second = table([good, bad]).splitlines()
        assert head.split() == ["measurement", "unit", "ours", "floor", "ratio", "spread", "mark"]
        assert first.split()[:5] == ["command", "req/s", "60.00", "110", "0.55"]
        assert first.endswith("ok")
        assert second.split()[:3] == ["relay", "events/s", "4,000"]
        assert second.endswith("short")

    def test_two_runs_are_compared_by_name(self) -> None:
        before = [line((100.0,), (200.0,)).as_json()]
        after = [line((150.0,), (200.0,)), Line("relay", "events/s", Figure((1.0,)))]
        assert compared(before, after).splitlines() == [
            "command: 100 -> 150 req/s (+50%), ratio 0.50 -> 0.75",
            "relay: new",
        ]


class TestCosts:
    def test_the_difference_is_per_request(self) -> None:
        assert difference([1000.0, 500.0], [1250.0, 1000.0]) == [200.0, 1000.0]


class TestBatches:
    BATCHES = tuple(Batch(float(number), number / 2, 100) for number in range(11))

    def test_the_first_batch_only_starts_the_clock(self) -> None:
        assert rate(self.BATCHES) == 100.0
        assert cost(self.BATCHES) == 5000.0

    def test_slices_cover_the_stream(self) -> None:
        assert by_slice(self.BATCHES, 1000) == [100] * 10

    def test_a_slow_end_shows(self) -> None:
        slow = [*self.BATCHES[:-1], Batch(20.0, 5.0, 100)]
        assert by_slice(slow, 1000)[-1] < 20


class TestProfile:
    def test_recursion_counts_once(self) -> None:
        walk, other = "walk (legs/knee.py)", "other (arm.py)"
        text = top(f"main (a.py);{walk};{walk} 3\nmain (a.py);{other} 1\n")
        assert "4 samples" in text
        assert "100.0%  main (a.py)" in text
        assert "75.0%  walk (legs/knee.py)" in text
        assert "75.0%  legs\n" in text
        assert "25.0%  arm.py\n" in text


class TestRequests:
    def test_the_length_is_in_bytes(self) -> None:
        text = request("POST", "/x", body="客户")
        assert "Content-Length: 6\r\n" in text
        assert text.endswith("\r\n\r\n客户")

    def test_unique_numbers_keep_the_length(self) -> None:
        load = Load(Plan(1, [request("POST", "/x", body=f"{UNIQUE} and {UNIQUE}")]))
        first, second = load.next_request(), load.next_request()
        assert (
            len(first)
            == len(second)
            == len(f"{request('POST', '/x')}")
            + len("Content-Type: application/json\r\nContent-Length: 29\r\n")
            + 29
        )
        assert first != second
        assert UNIQUE.encode() not in first
