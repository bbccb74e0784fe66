import type { components } from '../../openapi/types.ts';

type Readiness = components['schemas']['Readiness'];

const signs = { pass: '✓', warn: '!', fail: '✗', error: '✗', no_data: '?', stale: '?', waived: '–' } as const;

/** For a terminal or a CI log. */
export function readinessText(readiness: Readiness): string {
  const { project, version, verdict, checks, stack } = readiness;
  const lines = [`${verdict}  ${project} ${version}${stack ? ` on ${stack}` : ''}`, ''];
  for (const { status, title, observed, expected, remedy } of checks) {
    lines.push(`${signs[status]} ${title}: ${observed}`);
    if (status === 'pass') continue;
    lines.push(`    expected: ${expected}`);
    if (remedy) lines.push(`    remedy: ${remedy}`);
  }
  return `${lines.join('\n')}\n`;
}

/** For a pull request's comment. */
export function readinessMarkdown(readiness: Readiness): string {
  const { project, version, verdict, checks, stack, at } = readiness;
  const rows = checks.map(
    ({ status, title, observed, expected, remedy }) =>
      `| ${signs[status]} ${status} | ${cell(title)} | ${cell(observed)} | ${cell(expected)} | ${cell(status === 'pass' ? '' : (remedy ?? ''))} |`,
  );
  return [
    `### ${verdict}: ${project} ${version}`,
    '',
    `${stack ? `On stack \`${stack}\`, ` : ''}${at}`,
    '',
    '| status | check | observed | expected | what to do |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('|', '\\|').replaceAll('<', '&lt;').replace(/\s+/g, ' ');
}
