"""The shelves in the browser: models with what they are for, what can be added, and what the model in the box draws."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.support.browser import PHONE, OpenPage
from tests.support.builtin import SIDE


def test_the_model_in_the_box_says_what_it_is_and_what_it_draws(open_page: OpenPage) -> None:
    page = open_page("#/models")
    expect(page.get_by_role("heading", name="builtin", exact=True)).to_be_visible()
    expect(page.get_by_text("Stable Diffusion", exact=True).first).to_be_visible()
    expect(page.get_by_text(f"{SIDE} px")).to_be_visible()
    page.get_by_role("button", name="More about it").click()
    expect(page.get_by_text("Size on disk")).to_be_visible()
    expect(page.get_by_role("button", name="apple", exact=True)).to_be_visible()


def test_things_are_found_in_other_languages_and_what_is_not_there_is_said(open_page: OpenPage) -> None:
    page = open_page("#/models")
    search = page.get_by_label("Search things")
    search.fill("Apfel")
    expect(page.get_by_role("button", name="apple", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="pizza", exact=True)).to_have_count(0)
    search.fill("<b>logo</b>")
    expect(page.get_by_text("“<b>logo</b>” is not among the things")).to_be_visible()


def test_shelves_are_tabs_and_a_thing_leads_to_drawing(open_page: OpenPage) -> None:
    page = open_page("#/models", size=PHONE)
    page.get_by_role("tab", name="LoRAs").click()
    expect(page.get_by_role("heading", name="blueprint", exact=True)).to_be_visible()
    page.get_by_role("tab", name="Models").click()
    page.get_by_role("button", name="banana", exact=True).click()
    page.wait_for_url("**/#/draw")
