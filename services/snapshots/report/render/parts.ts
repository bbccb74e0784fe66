import { html as escaped, visible } from '../../../escape.ts';
import type { Risk } from '../risk-table.ts';
import { number } from './summary.ts';

/** Text is escaped, a number and `right` stand at the right; `markup` alone goes in as it is. */
export type Cell = string | number | { right: string } | { markup: string };
export type Head = [title: string, percent: number];

export function section(title: string, content: string): string {
  return `<section><h2>${title}</h2>${content}</section>`;
}

/** Widths are attributes: the page's policy allows no element a style of its own. */
export function table(heads: Head[], rows: Cell[][]): string {
  const columns = heads.map(([, percent]) => `<col width="${percent}%">`).join('');
  const titles = heads.map(([title], index) => element('th', isRight(rows[0]![index]!) ? { right: title } : title));
  const body = rows.map((cells) => `<tr>${cells.map((cell) => element('td', cell)).join('')}</tr>`).join('\n');
  return `<div class="table"><table><colgroup>${columns}</colgroup><thead><tr>${titles.join('')}</tr></thead><tbody>${body}</tbody></table></div>`;
}

const isRight = (cell: Cell) => typeof cell === 'number' || (typeof cell === 'object' && 'right' in cell);

function element(name: 'th' | 'td', cell: Cell): string {
  const start = isRight(cell) ? `<${name} class="number">` : `<${name}>`;
  if (typeof cell === 'number') return start + number(cell);
  if (typeof cell === 'string') return start + html(cell);
  return start + ('right' in cell ? html(cell.right) : cell.markup);
}

/** @param more text after it */
export function chip(level: Risk['level'] | undefined, more = ''): Cell {
  return level ? { markup: `<span class="level ${level}">${level}</span>${more && ` ${html(more)}`}` } : '–';
}

export function list(items: string[]): string {
  return `<ul>${items.map((item) => `<li>${html(item)}`).join('')}</ul>`;
}

export function html(text: string): string {
  return escaped(visible(text));
}

/** One line in parts. */
export function bar(parts: [kind: string, count: number][]): string {
  const all = parts.reduce((sum, [, count]) => sum + count, 0) || 1;
  let at = 0;
  const rects = parts.map(([kind, count]) => {
    const width = (count / all) * 100;
    const rect = `<rect class="${kind}" x="${at.toFixed(2)}" y="0" width="${width.toFixed(2)}" height="10"/>`;
    at += width;
    return rect;
  });
  return `<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">${rects.join('')}</svg>`;
}
