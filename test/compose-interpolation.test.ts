// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Compose's variables are written so
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { complaints, load, loadWeb, mistakesOf, replacedIn, serviceOf, web } from './compose/load.ts';

const variables = { A: 'va', E: '' };

function textOf(template: string): string | undefined {
  return loadWeb(`environment: [${JSON.stringify(`K=${template}`)}]`, '', { variables }).environment.K;
}

describe('interpolation', () => {
  // Every value here is what docker compose config 2.40 prints.
  const cases: [template: string, value: string][] = [
    ['$A', 'va'],
    ['${A}', 'va'],
    ['$A$A-$E.', 'vava-.'],
    ['${A:-d}', 'va'],
    ['${E:-d}', 'd'],
    ['${E-d}', ''],
    ['${U:-d}', 'd'],
    ['${U-d}', 'd'],
    ['${A-}', 'va'],
    ['${U:-}', ''],
    ['${A:+r}', 'r'],
    ['${E:+r}', ''],
    ['${E+r}', 'r'],
    ['${U+r}', ''],
    ['${A:?m}', 'va'],
    ['${E?m}', ''],
    ['$$A', '$A'],
    ['$$$A', '$va'],
    ['$${A}', '${A}'],
    ['${U:-$$A}', '$A'],
    ['${U:-${V:-c}}', 'c'],
    ['${U:-a${A}b}c', 'avabc'],
    ['${A:+${U:-x}}', 'x'],
    ['${U-a:-b}', 'a:-b'],
    ['${U:- sp }', ' sp '],
    ['${U:-{"a":1}}', '{"a":1}'],
    ['${U:-a}b}', 'ab}'],
    ['$1 $ $( $', '$1 $ $( $'],
    ['${U}', ''],
  ];
  for (const [template, value] of cases)
    it(`makes ${template} ${JSON.stringify(value)}`, () => assert.equal(textOf(template), value));

  for (const template of ['${A', '${1}', '${}', '${A B}', '${A:}', '${A:=x}', '${Ä}'])
    it(`refuses ${template}`, () => {
      const [only] = complaints(web(`environment: [${JSON.stringify(`K=${template}`)}]`));
      assert.match(only ?? '', /^services\.web\.environment\[0\]: has a dollar and a brace .* \(compose\.yaml:4:5\)$/);
    });

  it('names a required variable that is missing, and all of them together', () => {
    const file = web('user: ${U:?who}\nhostname: ${E:?}\nworking_dir: ${W?}');
    assert.deepEqual(mistakesOf(file, { variables }), [
      {
        where: 'services.web.user',
        what: 'the variable U is required but not set: who (compose.yaml:4:5)',
        remedy: 'set it among the variables, or in the .env file of the bundle',
      },
      {
        where: 'services.web.hostname',
        what: 'the variable E is required but empty (compose.yaml:5:5)',
        remedy: 'set it among the variables, or in the .env file of the bundle',
      },
      {
        where: 'services.web.working_dir',
        what: 'the variable W is required but not set (compose.yaml:6:5)',
        remedy: 'set it among the variables, or in the .env file of the bundle',
      },
    ]);
  });

  it('looks only at the operand that is used', () => assert.equal(textOf('${A:-${U:?m}}'), 'va'));

  it('reports a variable that is not set, once a place', () => {
    assert.deepEqual(replacedIn(web('user: "${U}$U"\nhostname: ${W:-h}')), [
      'services.web.user: the variable U is not set, the empty string is used',
    ]);
  });

  it('reaches extension fields and numbers, but not keys', () => {
    const plan = load(
      `x-greenroom: { ingress: [{ service: web, port: "\${P}" }] }\n${web('labels: { "${P}": "${P}" }')}`,
      {
        variables: { P: '80' },
      },
    );
    assert.equal(plan.greenroom.ingress[0]?.port, 80);
    assert.deepEqual(serviceOf(plan, 'web').labels, { '${P}': '80' });
  });

  it('takes defaults from .env, below the given variables, which it may refer to', () => {
    const files = {
      'compose.yaml': web('environment: [A=$A, B=$B, C=$C]'),
      '.env': "A=file\nB='$A'\nC=${A}-${B}\n",
    };
    assert.deepEqual(serviceOf(load(files, { variables: { A: 'given' } }), 'web').environment, {
      A: 'given',
      B: '$A',
      C: 'given-$A',
    });
  });

  it('reads .env beside the first Compose file', () => {
    const files = { 'deploy/compose.yaml': web('user: ${WHO}'), 'deploy/.env': 'WHO=deploy', '.env': 'WHO=root' };
    assert.equal(serviceOf(load(files, { composeFiles: ['deploy/compose.yaml'] }), 'web').user, 'deploy');
  });

  it('knows the project name of the file', () => {
    assert.equal(loadWeb('user: $COMPOSE_PROJECT_NAME', 'name: shop-${A}\n', { variables }).user, 'shop-va');
  });

  it('does not know the variables of greenroom itself', () => {
    assert.equal(loadWeb('environment: [PATH, "HOME=$HOME"]').environment.PATH, undefined);
    assert.equal(loadWeb('environment: [PATH, "HOME=$HOME"]').environment.HOME, '');
  });
});
