/** Characters of a hash that tell one report from another on paper. */
const shownCharacters = 12;

/**
 * Of the page: light and dark on a screen, light on A4 landscape. Levels differ by word and by colour. Every printed page
 * says at its foot of which snapshot and of which report it is, so that none can be exchanged.
 */
export function styleOf(snapshot: string, reportHash: string): string {
  const of = `snapshot ${cssText(snapshot)}, report ${reportHash.slice(0, shownCharacters)}, `;
  return pageOf(of) + style;
}

/** In quotes, and in a page's `style`. */
function cssText(text: string): string {
  return text.replace(/[^\w.-]/gu, (character) => `\\${character.codePointAt(0)!.toString(16)} `);
}

const pageOf = (of: string) => `
@page { size: A4 landscape; margin: 12mm 12mm 15mm;
  @bottom-left { content: "greenroom masking report"; font: 8pt system-ui, sans-serif; color: #667; }
  @bottom-right { content: "${of}page " counter(page) " of " counter(pages); font: 8pt system-ui, sans-serif; color: #667; white-space: nowrap; } }`;

const style = `
:root { color-scheme: light dark; --ink: light-dark(#1b2430, #e6e9ee); --quiet: light-dark(#5b6676, #9aa5b4); --line: light-dark(#dfe3e8, #38424f);
  --back: light-dark(#fff, #161b22); --panel: light-dark(#f5f7f9, #1f262f);
  --good: light-dark(#1a7f37, #4ac26b); --warn: light-dark(#9a6700, #d9a514); --bad: light-dark(#c62f2f, #ff7b72); --calm: light-dark(#2f6db5, #79b2f2); }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back); max-width: 82rem; margin: 0 auto; padding: 2rem 1.5rem; overflow-wrap: anywhere; }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.2; } h2 { margin: 2.2rem 0 .6rem; font-size: 1.15rem; } h3 { margin: 1.4rem 0 .3rem; font-size: 1rem; }
p { margin: .3rem 0; max-width: 75ch; } .quiet, .eyebrow { color: var(--quiet); font-weight: normal; }
.eyebrow { margin: 0; text-transform: uppercase; letter-spacing: .08em; font-size: .8rem; }
.tiles { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 1rem; margin: 1.4rem 0; }
.tile { background: var(--panel); border: 1px solid var(--line); border-top: 5px solid var(--calm); border-radius: 6px; padding: .8rem 1.1rem 1rem; break-inside: avoid; }
.tile.good { border-top-color: var(--good); } .tile.warn { border-top-color: var(--warn); } .tile.bad { border-top-color: var(--bad); }
.tile strong { display: block; font-size: 1.55rem; line-height: 1.25; margin: .15rem 0; } .tile.good strong { color: var(--good); } .tile.warn strong { color: var(--warn); } .tile.bad strong { color: var(--bad); }
.tile svg { display: block; width: 100%; height: 10px; margin: .5rem 0; border-radius: 5px; } .tile p { font-size: .92rem; }
rect.high { fill: var(--bad); } rect.medium { fill: var(--warn); } rect.low { fill: var(--calm); } rect.none { fill: var(--good); } rect.kept { fill: var(--calm); } rect.rest { fill: var(--line); }
dl { display: grid; grid-template-columns: 8rem minmax(0, 1fr) 8rem minmax(0, 1fr); gap: .15rem 1rem; margin: .5rem 0; font-size: .9rem; } dt { color: var(--quiet); } dd { margin: 0; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; font-size: .88rem; } th { color: var(--quiet); font-weight: 600; font-size: .8rem; }
th, td { text-align: left; vertical-align: top; padding: .28rem .5rem; border-bottom: 1px solid var(--line); } thead { display: table-header-group; } tr { break-inside: avoid; } thead tr, tbody tr:nth-child(-n + 2):not(:last-child) { break-after: avoid; }
h2, h3, h2 + p, h3 + p { break-after: avoid; } h2 + p, h3 + p, .table:not(:has(tbody tr:nth-child(9))) { break-inside: avoid; } .number { text-align: right; font-variant-numeric: tabular-nums; }
.level { display: inline-block; min-width: 4.6em; padding: 0 .45em; border-radius: 3px; text-align: center; font-weight: 600; font-size: .8rem; border: 1px solid currentColor; }
.level.high { color: var(--back); background: var(--bad); border-color: var(--bad); } .level.medium { color: var(--warn); } .level.low { color: var(--calm); } .level.none { color: var(--good); }
.keep { font-weight: 600; color: var(--calm); } small { color: var(--quiet); }
.sign { display: grid; grid-template-columns: 1fr 1fr; gap: 1.5rem 2.5rem; margin-top: 1rem; break-inside: avoid; } .sign p { margin: 0; max-width: none; border-bottom: 1px solid var(--quiet); padding-top: 1.9rem; color: var(--quiet); font-size: .85rem; }
.sign h3 { margin: 0; } section.last { break-inside: avoid; } code { font-size: .85em; }
@media screen { .table { overflow-x: auto; } .table table { min-width: 58rem; } }
@media (max-width: 50rem) { .tiles, .sign { grid-template-columns: 1fr; } dl { grid-template-columns: 7rem minmax(0, 1fr); } }
@media print { :root { color-scheme: light; font-size: 12px; } p { max-width: none; } section:not(:has(table)) { break-inside: avoid; } * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { font-size: 9.5pt; max-width: none; padding: 0; } .tiles { gap: 4mm; } h2 { margin-top: 6mm; } table { font-size: 8pt; } th { font-size: 7.5pt; } .level { font-size: 7.5pt; } dl { font-size: 8.5pt; } }
`;
