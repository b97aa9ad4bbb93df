"""How the page looks: the one theme, the one style sheet, the scripts.

Every text has a contrast of at least 4.5 to what is behind it, every box of at least 3 (WCAG 2.2, AA), in the
light and in the dark theme.
"""

from pathlib import Path

import gradio as gr

FILES = ("look.css", "look.js", "dropped.js")
SYSTEM_FONT = ("system-ui", "sans-serif")
LINE, LINE_DARK = "#868c96", "#8b93a1"  # 3.4 on white, 4.3 on the dark of a box
THEME = gr.themes.Soft(primary_hue="teal", font=SYSTEM_FONT, font_mono=("ui-monospace", "monospace")).set(
    color_accent="*primary_700",
    border_color_accent="*primary_700",
    body_text_color_subdued="*neutral_600",
    body_text_color_subdued_dark="*neutral_300",
    link_text_color="*primary_700",
    link_text_color_hover="*primary_800",
    link_text_color_visited="*primary_700",
    link_text_color_active="*primary_700",
    link_text_color_dark="*primary_300",
    link_text_color_hover_dark="*primary_200",
    link_text_color_visited_dark="*primary_300",
    link_text_color_active_dark="*primary_300",
    block_title_background_fill="none",
    block_title_padding="0",
    block_title_text_color="*neutral_600",
    block_title_text_weight="600",
    block_label_background_fill="*neutral_50",
    block_label_background_fill_dark="*neutral_700",
    block_label_text_color="*neutral_600",
    block_info_text_color="*neutral_600",
    block_info_text_color_dark="*neutral_300",
    slider_color="*primary_700",
    input_border_color=LINE,
    input_border_color_dark=LINE_DARK,
    input_border_width="1px",
    input_border_width_dark="1px",
    input_placeholder_color="*neutral_600",
    input_placeholder_color_dark="*neutral_300",
    checkbox_border_color=LINE,
    checkbox_border_color_dark=LINE_DARK,
    checkbox_border_color_hover="*neutral_700",
    checkbox_border_color_focus="*primary_800",
    checkbox_border_color_selected="white",
    checkbox_border_color_selected_dark="white",
    checkbox_background_color_selected="*primary_800",
    checkbox_background_color_selected_dark="*primary_800",
    checkbox_label_background_fill_selected="*primary_700",
    checkbox_label_background_fill_selected_dark="*primary_700",
    checkbox_label_border_width="0px",
    checkbox_label_border_width_dark="0px",
    button_primary_background_fill="*primary_700",
    button_primary_background_fill_dark="*primary_700",
    button_primary_background_fill_hover="*primary_800",
    button_primary_background_fill_hover_dark="*primary_800",
    button_secondary_background_fill_hover_dark="*primary_800",
)


def head() -> str:
    """Give what the theme adds to the head of the page.

    It is not Gradio's `css`, which is scoped to the inside of the page and leaves its padding out of reach.
    """
    style, *scripts = (Path(__file__).with_name(name).read_text(encoding="utf-8") for name in FILES)
    return f"<style>{style}</style>" + "".join(f"<script>{script}</script>" for script in scripts)
