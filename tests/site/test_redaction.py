"""Redaction: a page that is shown to others keeps its structure and loses its texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tjtools.site.redaction import redacted

SECRET = "Kd7QuietHarbour"  # noqa: S105 (no secret of anybody)


@pytest.mark.parametrize(
    "html",
    [
        f"<p>{SECRET}</p>",
        f"<p>me@{SECRET}.com</p>",
        f"<title>{SECRET}</title>",
        f"<label class='creativeName' title='{SECRET}'>a</label>",
        f"<div data-id='{SECRET}'></div>",
        f"<input type='hidden' name='csrf' value='{SECRET}'>",
        f"<textarea>{SECRET}</textarea><select><option>{SECRET}</option></select>",
        f"<a href='/x?token={SECRET}#{SECRET}'>a</a><img src='/cdn/{SECRET}' alt='{SECRET}'>",
        f"<form action='/{SECRET}'></form><button formaction='/{SECRET}'>a</button>",
        f"<script>token = '{SECRET}'</script><script type='application/json'>{{\"a\": \"{SECRET}\"}}</script>",
        f"<style>p::after {{ content: '{SECRET}' }}</style><p style='--name: {SECRET}'></p>",
        f"<!-- {SECRET} --><!doctype {SECRET}><?{SECRET}?><![CDATA[{SECRET}]]>",
        f"<meta name='csrf-token' content='{SECRET}'><base href='https://{SECRET}/'>",
        f"<iframe srcdoc='{SECRET}' src='/{SECRET}'>{SECRET}</iframe><noscript><img src='/{SECRET}'></noscript>",
        f"<template><p>{SECRET}</p><script>{SECRET}</script></template><p>{SECRET}</p>",
        f"<svg><title>{SECRET}</title><text>{SECRET}</text></svg><object data='/{SECRET}'>{SECRET}</object>",
        f"<div class='me@{SECRET} é{SECRET}' id='1{SECRET}{SECRET}'></div>",
        f"<{SECRET}@a>x</{SECRET}@a><p {SECRET}@a='1' onclick='{SECRET}()'>x</p>",
        f"<p>unfinished <b title='{SECRET}",
    ],
)
def test_nothing_of_the_accounts_is_left(html: str) -> None:
    assert SECRET.lower() not in redacted(html).lower()


@given(before=st.text(), after=st.text(), name=st.sampled_from(["title", "data-id", "value", "href", "alt", "é"]))
def test_whatever_stands_around_it_a_text_goes(before: str, after: str, name: str) -> None:
    for html in (f"{before}{SECRET}{after}", f'<p {name}="{before} {SECRET} {after}">'):
        if SECRET in redacted(html):  # the generated text made a tag or an attribute of it: names of these stay
            assert "<" in before or '"' in before


def test_what_selectors_are_made_of_stays() -> None:
    page = (
        '<div class="creativeContainer mb-0" id="uploadZone" data-id="1032530511">'
        '<input type="radio" name="native_type" id="native_static" checked> '
        '<a class="page-link" rel="next" href="/campaigns">Next</a></div>'
    )
    assert redacted(page) == (
        '<div class="creativeContainer mb-0" id="uploadZone" data-id="0000000000">'
        '<input type="radio" name="native_type" id="native_static" checked> '
        '<a class="page-link" rel="next" href="/xxxxxxxxx">xxxx</a></div>'
    )


def test_numbers_and_tokens_in_ids_and_classes_are_hidden() -> None:
    page = '<b id="creative-1032530511" class="col-12 q8Zr2Lk5Wm9Xt3Yb">a</b>'
    assert redacted(page) == '<b id="xxxxxxxx-0000000000" class="col-12 x0xx0xx0xx0xx0xx">x</b>'


def test_style_sheets_stay_only_for_drawing() -> None:
    page = '<link rel="stylesheet" href="/a.css"><style>p { color: red }</style><p style="top: 0">a</p>'
    assert redacted(page, styled=True) == page.replace(">a<", ">x<")
    assert redacted(page) == ('<link rel="stylesheet" href="/x.xxx"><style></style><p style="xxx: 0">x</p>')
