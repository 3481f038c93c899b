"""Who may ask, what a page may load, and that what users sent stays text."""

import http.client
import re

import pytest
from browser_tools import TABS, go, pick_tab, settle
from dashboard_samples import HOSTILE
from listening import open_to_others
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from dashboard.security import POLICY

SOCKET = "/_nicegui_ws/socket.io/?EIO=4&transport="


def ask(server, path="/", **headers):
    """Return the status, the headers and the body of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    told = answer.status, dict(answer.getheaders()), "" if answer.status == 101 else answer.read().decode()
    connection.close()
    return told


@pytest.mark.parametrize("path", ["/", "/ko", "/healthz", "/own/page.css", SOCKET + "polling"])
@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "[::1", ""])
def test_a_foreign_host_is_refused(server, host, path):
    status, _, body = ask(server, path, Host=host)
    assert (status, body.split(":")[0][:9]) == (403, "The host ")


@pytest.mark.parametrize("path", ["/", "/healthz", SOCKET + "polling"])
@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://localhost:1"])
def test_a_foreign_origin_is_refused(server, origin, path):
    assert ask(server, path, Origin=origin)[0] == 403


def test_the_pages_own_host_and_origin_are_served(server):
    own = f"127.0.0.1:{server.port}"
    hosts = [ask(server, Host=host)[0] for host in (own, f"localhost:{server.port}", "127.0.0.1")]
    assert (hosts, ask(server, Host=own, Origin=f"http://{own}")[0]) == ([200, 200, 200], 200)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
def test_a_websocket_of_a_foreign_origin_is_refused(server, origin):
    with pytest.raises(InvalidStatus) as refused, connect(socket(server), origin=origin, proxy=None):
        pass
    assert refused.value.response.status_code == 403


def test_a_websocket_to_a_foreign_host_is_refused(server):
    key = {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "c2l4dGVlbiBieXRlcyAhIQ=="}
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", **key}
    own = f"127.0.0.1:{server.port}"
    assert [ask(server, SOCKET + "websocket", Host=host, **upgrade)[0] for host in ("evil.example", own)] == [403, 101]


def test_a_websocket_of_the_pages_own_origin_is_served(server):
    with connect(socket(server), origin=server.url, proxy=None) as opened:
        assert opened.recv(timeout=20).startswith('0{"sid":')


def socket(server):
    """Return the address of the page's websocket."""
    return f"ws://127.0.0.1:{server.port}{SOCKET}websocket"


@pytest.mark.parametrize("path", ["/", "/ko", "/healthz", "/own/age.js", "/nothing-here"])
def test_every_answer_says_what_a_page_may_load(server, path):
    headers = ask(server, path)[1]
    assert [headers[name] for name in ("content-security-policy", "x-content-type-options", "referrer-policy")] == [
        POLICY,
        "nosniff",
        "no-referrer",
    ]


def test_the_health_check_answers_without_building_a_page(server):
    status, headers, body = ask(server, "/healthz")
    assert (status, headers["content-type"], body) == (200, "text/plain; charset=utf-8", "ok\n")


def test_the_dashboard_listens_on_this_machine_only(server):
    assert open_to_others([server.process.pid]) == set()


def test_the_page_loads_all_it_needs_from_its_own_server(watched, server):
    go(watched.page, server, "wounded")
    for tab in TABS:
        pick_tab(watched.page, tab)
    assert (watched.foreign(), watched.unexpected()) == ([], [])
    assert len(watched.requests) > 20


def test_the_policy_keeps_the_page_from_loading_anything_else(watched, server):
    watched.expected = "Content Security Policy"
    go(watched.page, server, "healthy")
    watched.page.evaluate("document.body.append(Object.assign(new Image(), { src: 'http://127.0.0.1:1/x.png' }))")
    settle(watched.page)
    watched.page.wait_for_timeout(200)
    assert [said for said in watched.complaints if "http://127.0.0.1:1/x.png" in said] == watched.complaints
    assert len(watched.complaints) > 0
    watched.requests.clear()  # Chromium tells of a request that it then blocks


@pytest.mark.parametrize("language", ["en", "ko"])
def test_hostile_user_ids_stay_text_on_every_tab(watched, server, language):
    page = watched.page
    go(page, server, "hostile", language=language)
    ran, told = [], {}
    for tab in TABS:
        pick_tab(page, tab)
        settle(page)
        ran.append(
            page.evaluate("() => [typeof window.x, document.querySelectorAll('img[src=x], script:not([src])').length]")
        )
        told[tab] = page.evaluate("document.body.innerText")
    scripts = page.evaluate("() => document.querySelectorAll('script:not([src])').length")
    assert ran == [["undefined", scripts]] * len(TABS)
    assert [asked for asked in watched.requests if re.search(r"/x$", asked)] == []
    seen = {tab: [user in told[tab] for user in HOSTILE] for tab in ("overview", "alerts")}
    assert seen == {"overview": [True] * 4, "alerts": [True] * 4}


def test_hostile_user_ids_stand_as_they_are_in_alerts_log_and_the_noisiest(page, server):
    go(page, server, "hostile")
    pick_tab(page, "alerts")
    alerts = page.get_by_role("log", name="Alerts", exact=True).locator("div").all_inner_texts()
    log = page.get_by_role("log", name="Application log").locator("div").all_inner_texts()
    noisiest = page.locator("td:first-child").all_inner_texts()
    assert [line[10:] for line in alerts] == [
        f"[ALERT] userId={user} 이상행동 {3 + place}회 감지!" for place, user in reversed(list(enumerate(HOSTILE)))
    ]
    assert [line[10:] for line in log[:4]] == [
        f"[Source Emit] UserEvent{{userId='{user}', isAbnormal=false}}" for user in reversed(HOSTILE)
    ]
    assert noisiest == list(HOSTILE)
