"""The style sheet of the feedback pages: the colors, fonts and cards of the book.

No web fonts, since a page is one file: the book's fonts are used where they are installed.
"""

SHEET = """\
:root {
  color-scheme: light dark;
  --ground: #fdfcf9; --raised: #fffefb; --surface: #f4f1ea; --ink: #24282b; --muted: #5a6268;
  --heading: #16302f; --line: #ddd7ca; --primary: #12606a; --code: #f6f3ec;
  --right: #17734a; --wrong: #b0430f; --todo: #5f6774; --refused: #7b3f73;
  --right-edge: #1a8f5a; --wrong-edge: #c9511f; --todo-edge: #6f7785; --refused-edge: #9a5b92;
  --notice: #93500b; --notice-wash: #fcf3e3;
  --serif: "Source Serif 4 Variable", "Source Serif 4", Georgia, "Noto Serif", "Noto Serif CJK SC",
    "Songti SC", serif;
  --sans: "Inter Variable", Inter, system-ui, -apple-system, "Segoe UI", "Noto Sans",
    "Noto Sans CJK SC", "PingFang SC", sans-serif;
  --mono: "JetBrains Mono Variable", "JetBrains Mono", ui-monospace, SFMono-Regular, Menlo,
    Consolas, "Noto Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14181a; --raised: #1a1f22; --surface: #20262a; --ink: #d9dcdc; --muted: #a3abaf;
    --heading: #e6efee; --line: #394247; --primary: #76c7cf; --code: #1b2124;
    --right: #63c795; --wrong: #f0936a; --todo: #a9b1bd; --refused: #dba8d3;
    --notice: #e6b270; --notice-wash: #2a2318;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; max-width: 48rem; padding: 2.2rem 1.4rem 3rem;
  background: var(--ground); color: var(--ink); font: 1.0625rem/1.6 var(--serif);
}
body.wide { max-width: 66rem; }
h1, h2, h3 {
  font-family: var(--sans); color: var(--heading); line-height: 1.2; letter-spacing: -0.018em;
  text-wrap: balance; overflow-wrap: anywhere;
}
h1 { font-size: clamp(1.7rem, 1.3rem + 2vw, 2.3rem); font-weight: 720; margin: 0.2rem 0 0.9rem; }
h1::before {
  content: ""; display: block; width: 2.6rem; height: 0.3rem; border-radius: 2px;
  background: var(--primary); margin-bottom: 0.9rem;
}
h2 {
  font-size: 1.4rem; font-weight: 650; margin: 2.8rem 0 0.8rem; padding-top: 1.1rem;
  border-top: 1px solid var(--line);
}
h3 { font-size: 1.08rem; font-weight: 650; margin: 1.6rem 0 0.5rem; }
p { margin: 0.6rem 0; text-wrap: pretty; overflow-wrap: anywhere; }
.top > p, main p, footer p { max-width: 44rem; }
a { color: var(--primary); text-underline-offset: 0.18em; text-decoration-thickness: 1px; }
:focus-visible { outline: 2px solid var(--primary); outline-offset: 2px; border-radius: 3px; }
.eyebrow, .small, footer { font: 0.86rem/1.5 var(--sans); color: var(--muted); }
.eyebrow { margin: 0 0 1.2rem; }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); }
footer p { text-wrap: wrap; }
.unseen {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap;
}

/* Numbers at the top */
.figures { display: flex; flex-wrap: wrap; gap: 0.7rem 2.2rem; margin: 1.1rem 0 0; padding: 0; }
.figures > div { min-width: 6rem; }
.figures dt { font: 0.86rem/1.4 var(--sans); color: var(--muted); }
.figures dd {
  margin: 0; font: 650 1.7rem/1.2 var(--sans); color: var(--heading); letter-spacing: -0.02em;
  font-variant-numeric: tabular-nums;
}
.figures dd small { font-weight: 450; font-size: 1rem; color: var(--muted); letter-spacing: 0; }
.bar {
  display: inline-block; width: 100%; min-width: 4.5rem; height: 0.5rem; border-radius: 0.25rem;
  background: var(--surface); border: 1px solid var(--line); overflow: hidden;
  vertical-align: middle; print-color-adjust: exact; -webkit-print-color-adjust: exact;
}
.bar > span { display: block; height: 100%; background: var(--primary); }
.bar.right > span { background: var(--right-edge); }
.bar.wrong > span { background: var(--wrong-edge); }
.top > .bar { margin-top: 1rem; height: 0.6rem; }

/* Tables */
.scroll { overflow-x: auto; margin: 1rem 0; }
table {
  border-collapse: collapse; width: 100%; font: 0.88rem/1.5 var(--sans);
  font-variant-numeric: tabular-nums;
}
caption { text-align: left; color: var(--muted); padding: 0 0 0.4rem; }
th, td {
  padding: 0.45rem 0.8rem 0.45rem 0; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top;
}
td, tbody th { overflow-wrap: break-word; }
thead th { font-weight: 650; border-bottom: 2px solid var(--muted); vertical-align: bottom; }
tbody th { font-weight: 550; min-width: 9rem; }
tbody th.number { min-width: 0; }
.number { text-align: right; white-space: nowrap; overflow-wrap: normal; }
td.number:last-child, th.number:last-child { padding-right: 0; }
.share { display: inline-flex; align-items: center; gap: 0.6rem; width: 100%; min-width: 8rem; }
.share b { font-weight: 550; min-width: 3.2rem; text-align: right; white-space: nowrap; }
.status { white-space: nowrap; font-weight: 600; color: var(--todo); }
.status.right { color: var(--right); }
.status.wrong { color: var(--wrong); }
.status.refused { color: var(--refused); }

/* Cards, as the check in a notebook shows them */
.card {
  border: 1px solid var(--todo-edge); border-left-width: 6px; border-radius: 6px;
  padding: 0.8rem 1.1rem 0.9rem; margin: 1.1rem 0; background: var(--raised);
  font: 0.95rem/1.55 var(--sans); overflow: clip;
}
.card.right { border-color: var(--right-edge); }
.card.wrong { border-color: var(--wrong-edge); }
.card.refused { border-color: var(--refused-edge); }
.card h3 { margin: 0 0 0.2rem; }
.card p { margin: 0.35rem 0; }
.card dl {
  display: grid; grid-template-columns: 6.6rem minmax(0, 1fr); gap: 0.5rem 0.9rem;
  margin: 0.8rem 0 0;
}
.card dt { font-weight: 600; }
.card dd { margin: 0; overflow-wrap: anywhere; }
.card dd pre { margin: 0; }
.card dd.cause { font-weight: 600; }
.card ul { margin: 0.2rem 0; padding-left: 1.2rem; }
.card .again { margin-top: 0.8rem; padding-top: 0.6rem; border-top: 1px solid var(--line); }
.notice {
  border: 1px solid var(--line); border-left: 4px solid var(--notice); border-radius: 6px;
  background: var(--notice-wash); padding: 0.6rem 1.1rem; margin: 1.1rem 0;
  font: 0.95rem/1.55 var(--sans);
}
.notice p { margin: 0.2rem 0; }
.notice ul { margin: 0.2rem 0; padding-left: 1.2rem; }
code { font-family: var(--mono); font-size: 0.88em; overflow-wrap: anywhere; }
pre {
  margin: 0.15rem 0; padding: 0.45rem 0.7rem; overflow: auto; max-height: 20rem;
  background: var(--code); border: 1px solid var(--line); border-radius: 4px;
  font: 0.82rem/1.5 var(--mono); font-variant-ligatures: none; unicode-bidi: isolate;
}

/* Figures */
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: 1.4rem; }
figure { margin: 0.6rem 0; }
figcaption { font: 0.88rem/1.5 var(--sans); color: var(--muted); }
figcaption b { color: var(--heading); font-weight: 650; }
svg { display: block; width: 100%; height: auto; max-width: 24rem; }
svg text { font: 11px var(--sans); fill: var(--muted); font-variant-numeric: tabular-nums; }
svg .count { fill: var(--ink); font-weight: 600; }
svg .column { fill: var(--primary); }
svg .axis { stroke: var(--muted); stroke-width: 1; }
details { font: 0.88rem/1.5 var(--sans); }
summary { cursor: pointer; color: var(--primary); padding: 0.2rem 0; width: fit-content; }

@media (max-width: 34rem) {
  body { padding: 1.4rem 1rem 2.4rem; font-size: 1rem; }
  .card { padding: 0.7rem 0.8rem 0.8rem; }
  .card dl { display: block; }
  .card dt { margin-top: 0.55rem; }
  .optional { display: none; }
  .figures dd { font-size: 1.4rem; }
  tbody th:not(.number) { min-width: 7.5rem; }
}
@media print {
  :root {
    --ground: #fff; --raised: #fff; --surface: #fff; --code: #fff; --ink: #000; --heading: #000;
    --muted: #444; --line: #bbb; --notice-wash: #fff; --primary: #12606a; --right: #17734a;
    --wrong: #b0430f; --todo: #5f6774; --refused: #7b3f73; --notice: #93500b;
    color-scheme: light;
  }
  body, body.wide { max-width: none; padding: 0; font-size: 10.5pt; }
  h2, h3, caption { break-after: avoid; }
  .card, figure, tr { break-inside: avoid; }
  .scroll { overflow: visible; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; max-height: none; overflow: hidden; }
  a { color: inherit; text-decoration: none; }
}
"""
