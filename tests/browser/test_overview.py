"""The first tab: tiles, pictures, alarms, and the newest recovery."""

from browser_tools import go


def test_the_tiles_show_the_clusters_figures(page, server):
    go(page, server, "healthy")
    tiles = page.locator(".tile").all_inner_texts()
    assert [tuple(tile.split("\n")) for tile in tiles] == [
        ("TaskManagers", "3"),
        ("Slots", "9"),
        ("Free slots", "0"),
        ("Slots in use", "100 %"),
        ("Running jobs", "1"),
        ("Checkpoints", "20"),
        ("Completed", "19"),
        ("Failed", "1"),
    ]
