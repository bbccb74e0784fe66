import { html as escaped, visible } from '../../../escape.ts';
import type { Risk } from '../risk-table.ts';

export function section(title: string, content: string): string {
  return `<section><h2>${title}</h2>${content}</section>`;
}

export type Head = [title: string, percent: number, isNumber?: boolean];

/** Widths are attributes: the page's policy allows no element a style of its own. */
export function table(heads: Head[], rows: string[]): string {
  const columns = heads.map(([, percent]) => `<col width="${percent}%">`).join('');
  const titles = heads.map(([title, , isNumber]) => `<th${isNumber ? ' class="number"' : ''}>${title}`).join('');
  return `<div class="table"><table><colgroup>${columns}</colgroup><thead><tr>${titles}</tr></thead><tbody>${rows.join('\n')}</tbody></table></div>`;
}

export function chip(level: Risk['level']): string {
  return `<span class="level ${level}">${level}</span>`;
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
