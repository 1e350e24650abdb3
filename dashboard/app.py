"""Entry point of the Streamlit app: which pages there are, in which order.

The list is flat on purpose: sections in the navigation break the list structure that screen
readers announce. ``set_page_config`` is absent on purpose: it would give every page one title.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from dashboard import preview
from dashboard.audience import rights
from dashboard.sign_in import gate
from dashboard.theme import STYLE

PAGES = Path(__file__).resolve().parents[1] / "pages"

#: file name (and URL) → title in the navigation and in the browser tab
TITLES = {
    "progress": "Progress",
    "tactics": "Tactics",
    "hotspots": "Hot spots",
    "evaluations": "Evaluations",
    "interrupted_time_series": "Interrupted time series",
    "synthetic_control": "Synthetic control",
    "evidence_elsewhere": "Evidence from elsewhere",
    "council_brief": "Council brief",
    "data_and_methods": "Data and methods",
    "about": "About",
}

#: The page of the hub's own staff: for every other audience there is no such address.
STAFF = {"intake": "Intake"}

#: The page that the bare address opens.
DEFAULT = "progress"

if __name__ == "__main__":
    st.html(STYLE)
    gate()
    preview.notice()
    pages = [
        st.Page(
            PAGES / f"{name}.py",
            title=title,
            # Streamlit serves the default page at the bare address only, yet reserves its name.
            url_path="start" if name == DEFAULT else name,
            default=name == DEFAULT,
        )
        for name, title in {**TITLES, **(STAFF if rights().intake else {})}.items()
    ]
    # A link to the default page's own name must work too.
    by_name = st.Page(PAGES / f"{DEFAULT}.py", title=TITLES[DEFAULT], url_path=DEFAULT, visibility="hidden")
    st.navigation([*pages, by_name]).run()
