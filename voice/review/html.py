"""The page as HTML: one file for A4 paper, black on white, no scripts, nothing from elsewhere."""

import re
from html import escape

from voice.review.sheet import AGREED, Section, Sheet, how_to_record
from voice.review.steps import Block

_STYLE = """\
@page { size: A4; margin: 14mm 14mm 16mm 14mm;
  @bottom-left { content: "%(foot)s"; font: 8pt sans-serif; }
  @bottom-right { content: counter(page) " / " counter(pages); font: 8pt sans-serif; } }
body { font: 8.5pt/1.3 "DejaVu Sans", Arial, sans-serif; color: #000; background: #fff;
  max-width: 182mm; margin: 0 auto; }
h1 { font-size: 16pt; margin: 0 0 3mm; }
h2 { font-size: 11pt; margin: 4mm 0 1.5mm; padding-top: 1.5mm; border-top: 1.5pt solid #000;
  break-after: avoid; }
h3 { font-size: 8.5pt; margin: 0; }
.note { margin: 0 0 2mm; break-after: avoid; }
.block { break-inside: avoid; margin: 0 0 1.8mm; }
.spoken { font: 11.5pt/1.25 Georgia, serif; margin: 0.3mm 0 0.5mm; }
.slot { border-bottom: 0.7pt dotted #000; }
.slot small { font: 7pt monospace; }
table { border-collapse: collapse; width: 100%%; }
th { width: 30mm; text-align: left; font-weight: normal; font-style: italic; }
th, td { vertical-align: top; padding: 0.1mm 2mm 0.1mm 0; overflow-wrap: anywhere; }
pre { font: 8pt/1.3 monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
.sign th { vertical-align: bottom; width: 20mm; }
.sign td + th { padding-left: 4mm; }
.sign td { border-bottom: 0.7pt solid #000; width: 70mm; height: 10mm; }
"""
_SLOT = re.compile(r"\[([^\[\]{}]*) \{([a-z_]+)\}\]")


def page(sheet: Sheet) -> str:
    """The whole file."""
    foot = f"{sheet.slug}, version {sheet.version}, content {sheet.hash[:12]}"
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f"<title>{escape(sheet.title)} ({sheet.slug})</title>",
        f"<style>\n{_STYLE % {'foot': foot}}</style>\n</head>\n<body>",
        f"<h1>{escape(sheet.title)}</h1>",
        *map(_section, sheet.sections),
        _to_sign(sheet),
        "</body>\n</html>\n",
    ]
    return "\n".join(parts)


def _section(section: Section) -> str:
    parts = [f"<section>\n<h2>{escape(section.title)}</h2>"]
    if section.note:
        parts.append(f'<p class="note">{escape(section.note)}</p>')
    parts += map(_block, section.blocks)
    if section.verbatim:
        parts.append(f"<pre>{escape(chr(10).join(section.verbatim))}</pre>")
    return "\n".join((*parts, "</section>"))


def _block(block: Block) -> str:
    parts = ['<div class="block">']
    if block.head:
        parts.append(f"<h3>{_marked(block.head)}</h3>")
    if block.spoken:
        parts.append(f'<p class="spoken">{_marked(block.spoken)}</p>')
    if block.rows:
        rows = "\n".join(f"<tr>{_row(label, text)}</tr>" for label, text in block.rows)
        parts.append(f"<table>\n{rows}\n</table>")
    return "\n".join((*parts, "</div>"))


def _row(label: str, text: str) -> str:
    if not label:
        return f'<td colspan="2">{_marked(text)}</td>'
    return f"<th>{_marked(label)}</th><td>{_marked(text)}</td>"


def _marked(text: str) -> str:
    """The text with its filled slots marked and named."""
    return _SLOT.sub(r'<span class="slot">\1 <small>{\2}</small></span>', escape(text))


def _to_sign(sheet: Sheet) -> str:
    cells = (f"<th>{label}</th><td></td>" * 2 for label in ("Name", "Role", "Date", "Signature"))
    table = "\n".join(f"<tr>{cell}</tr>" for cell in cells)
    command = escape(how_to_record(sheet))
    return (
        f'<section class="block">\n<h2>Signature</h2>\n<p>{escape(AGREED)}</p>\n'
        f'<table class="sign">\n{table}\n</table>\n'
        f"<p>Recorded by:</p>\n<pre>{command}</pre>\n</section>"
    )
