"""Which tools a model is shown for a query."""

from __future__ import annotations

import pytest

from gentool.core.errors import CatalogueError
from gentool.core.tool import Tool
from gentool.evaluate.candidates import choose_nearest, show_all

TOOLS = [
    Tool(name="book_table", description="Reserves a table in a restaurant."),
    Tool(name="weather", description="Rain and wind at sea."),
    Tool(name="play_song", description="Plays music in a room."),
    Tool(name="weather", description="Forecast of rain in a city."),
]


def test_the_nearest_come_first_for_every_query_and_catalogue() -> None:
    before, after = choose_nearest(["a table, please", "music"], [TOOLS[:3], TOOLS], 2)
    assert [found.names[0] for found in before] == ["book_table", "play_song"]
    assert [len(found) for found in (*before, *after)] == [2] * 4


def test_a_set_does_not_depend_on_the_other_queries() -> None:
    alone = choose_nearest(["wind in the city"], [TOOLS], 2)[0][0]
    among = choose_nearest(["music", "wind in the city", *["table table table"] * 600], [TOOLS], 2)[0]
    assert among[1] == alone
    assert len(among) == 602


def test_tools_that_two_catalogues_share_stand_in_one_order() -> None:
    added = [Tool(name=f"rain_{number}", description="Rain, rain, rain in a city, in a room.") for number in range(5)]
    query = "rain and music in a room of the city"
    before, after = choose_nearest([query], [TOOLS, [*added, *TOOLS]], 20)
    assert [name for name in after[0].names if not name.startswith("rain_")] == list(before[0].names)


def test_all_tools_are_one_shared_set_in_the_order_of_the_catalogue() -> None:
    first, second = show_all(["music", "rain"], [TOOLS[:3]])[0]
    assert first is second
    assert first.names == ("book_table", "weather", "play_song")


def test_of_several_tools_of_one_name_the_nearest_stands_in_the_place_of_the_first() -> None:
    sea, city = show_all(["wind at sea", "forecast for the city"], [TOOLS])[0]
    assert sea.names == city.names == ("book_table", "weather", "play_song")
    assert (sea[1], city[1]) == (TOOLS[1], TOOLS[3])


def test_what_cannot_be_ranked_is_refused() -> None:
    with pytest.raises(CatalogueError, match="no tools"):
        choose_nearest(["rain"], [TOOLS, []], 3)
    with pytest.raises(CatalogueError, match="none of the tools has a word"):
        choose_nearest(["rain"], [[Tool(name="_"), Tool(name="__")]], 1)
