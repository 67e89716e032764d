"""What a finger and an ear are told: pressed at once, done or not done, and a bounce is no second tap."""

import asyncio

import pytest
from playwright.async_api import BrowserContext, Page, expect
from psycopg import AsyncConnection

from tests.browser.conftest import Plant
from tests.browser.hands import report, sign_in
from tests.browser.test_terminal import people_count

pytestmark = pytest.mark.system

LISTEN = """(() => { window.notes = []; window.shaken = [];
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (at) { window.notes.push(this.frequency.value); return start.call(this, at); };
navigator.vibrate = (pattern) => { window.shaken.push(pattern); return true; }; })()"""
REFUSAL = '{"type":"urn:lineside:problem:run-has-ended","title":"The run has ended","status":409,"code":"run-has-ended"}'


async def test_done_and_not_done_sound_and_shake_differently_and_can_be_muted(
    page: Page, plant: Plant, connection: AsyncConnection
) -> None:
    await people_count(connection)
    await page.add_init_script(LISTEN)
    await sign_in(page, plant.url)
    await report(page, 1)
    await expect(page.locator("#notice")).to_contain_text("Saved")
    assert await page.evaluate("[notes, shaken]") == [[880, 1320], [60]]
    await page.route(
        "**/reports",
        lambda route: route.fulfill(status=409, content_type="application/problem+json", body=REFUSAL),
    )
    await report(page, 2)
    await expect(page.locator("#notice")).to_contain_text("has ended")
    assert await page.evaluate("[notes.slice(2), shaken.slice(1)]") == [[180], [[200, 100, 200]]]
    await page.locator('[data-show="more"]').click()
    await page.locator("[data-mute]").click()
    await expect(page.locator("[data-mute]")).to_have_attribute("aria-pressed", "false")
    await page.reload()
    await report(page, 3)
    await expect(page.locator("#notice")).to_contain_text("has ended")
    assert await page.evaluate("[notes, shaken.length]") == [[], 1]


async def test_a_button_looks_pressed_within_100_ms(page: Page, plant: Plant) -> None:
    await sign_in(page, plant.url)
    button = page.locator('[data-show="scan"]')
    box = await button.bounding_box()
    assert box is not None
    await button.evaluate(
        """(one) => { const rest = getComputedStyle(one).backgroundColor;
        addEventListener('pointerdown', () => { const began = performance.now();
          const look = () => { if (getComputedStyle(one).backgroundColor !== rest) window.pressedMs = performance.now() - began;
            else requestAnimationFrame(look); }; look(); }, true); }"""
    )
    await page.mouse.move(box["x"] + 20, box["y"] + 20)
    await page.mouse.down()
    await page.wait_for_function("window.pressedMs !== undefined")
    assert await page.evaluate("window.pressedMs") <= 100


async def test_a_bouncing_finger_does_not_hit_the_command_beneath(page: Page, plant: Plant) -> None:
    """The first tap closes a panel; under it, at the same place, lies the button of a command."""
    await sign_in(page, plant.url)
    await page.locator('[data-show="scan"]').click()
    await page.evaluate(
        """() => { const close = document.querySelector('#panel-scan [data-close]').getBoundingClientRect();
        const form = Object.assign(document.createElement('form'), { id: 'beneath' });
        form.dataset.command = '/beneath';
        form.innerHTML = '<button>beneath</button>';
        document.body.append(form);
        const button = form.firstChild.style;
        Object.assign(button, { position: 'fixed', zIndex: 1, left: close.left + 'px', top: close.top + 'px',
          width: close.width + 'px', height: close.height + 'px' }); }"""
    )
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/beneath" in request.url else None)
    box = await page.locator("#panel-scan [data-close]").bounding_box()
    assert box is not None
    x, y = box["x"] + 30, box["y"] + 30
    await page.mouse.click(x, y)
    await page.mouse.click(x + 4, y + 3)
    await page.wait_for_function(
        "(began) => performance.now() - began > 650", arg=await page.evaluate("performance.now()")
    )
    async with page.expect_request("**/beneath"):
        await page.mouse.click(x, y)
    assert len(asked) == 1


async def test_a_scanner_with_a_prefix_may_be_slow_and_one_without_may_not(page: Page, plant: Plant) -> None:
    """A busy machine passes keys on late; who types by hand is no scanner."""
    await sign_in(page, plant.url)
    await page.evaluate(
        "() => { window.scans = []; document.addEventListener('scan', (event) => window.scans.push(event.detail)); }"
    )
    await page.keyboard.type("L-SEAL-A-7", delay=120)
    await page.keyboard.press("Enter")
    assert await page.evaluate("window.scans") == []
    await page.keyboard.press("F9")
    await page.keyboard.type("L-SEAL-A-7", delay=120)
    await page.keyboard.press("Enter")
    assert await page.evaluate("window.scans") == ["L-SEAL-A-7"]


async def test_a_scan_is_read_whole_while_the_page_is_busy(
    page: Page, context: BrowserContext, plant: Plant
) -> None:
    """Keys are hit at once and heard late: what counts is when they were hit."""
    await sign_in(page, plant.url)
    await page.evaluate(
        """() => { window.scans = []; document.addEventListener('scan', (event) => window.scans.push(event.detail));
        let keys = 0;
        document.addEventListener('keydown', () => { keys += 1; const until = performance.now() + (keys === 4 ? 300 : 0);
          while (performance.now() < until); }); }"""
    )
    session = await context.new_cdp_session(page)
    keys = [*({"text": one, "key": one} for one in "L-SEAL-A-7"), {"key": "Enter"}]
    await asyncio.gather(
        *(session.send("Input.dispatchKeyEvent", {"type": "keyDown", **key}) for key in keys)
    )
    await page.wait_for_function("() => window.scans.length")
    assert await page.evaluate("window.scans") == ["L-SEAL-A-7"]
