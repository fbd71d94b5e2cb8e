/**
 * The files for Prometheus and Grafana in ops/: whether what they ask for is what a ledger tells, under the labels
 * that it tells, and whether whoever is woken finds what to do.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseDocument } from 'yaml';
import { readFile } from '../support/containers.js';
import { Ledger } from '../support/ledger.js';
import { readPage } from '../support/pages.js';
import { selectorsOf } from '../support/promql.js';

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook: string };
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string }[] };
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
}

function yaml<Content>(path: string): Content {
  const document = parseDocument(readFile(path), { uniqueKeys: true });
  expect(document.errors).toEqual([]);
  return document.toJS() as Content;
}

const { groups } = yaml<{ groups: readonly { name: string; rules: readonly Alert[] }[] }>('ops/alerts.yml');
const alerts = groups.flatMap(({ rules }) => rules);
const dashboard = JSON.parse(readFile('ops/dashboard.json')) as Dashboard;
/** As Grafana asks it: with its variables filled in. */
const asAsked = (expr: string) => expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*');
const shown = [
  ...dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => [title, asAsked(expr)] as const),
  ),
  ...dashboard.annotations.list.map(({ expr }) => ['an annotation', asAsked(expr)] as const),
];
const asked = [...alerts.map(({ alert, expr }) => [alert, expr] as const), ...shown];

/** What Prometheus itself adds to all that it collects, or makes up. */
const OF_PROMETHEUS = { labels: ['instance', 'job'], metrics: ['up'] };

describe('what the alerts and the dashboard ask for', () => {
  let ledger: Ledger;
  /** The labels of each metric. */
  const told = new Map<string, Set<string>>();
  beforeAll(async () => {
    ledger = await Ledger.start();
    const body = { id: 'asked-for', name: 'Asked for', startedOn: '2020-04-01' };
    expect((await ledger.call('POST', '/v1/programmes', { body })).status).toBe(201);
    const { text } = await ledger.call('GET', '/metrics');
    for (const [, name, labels = ''] of text.matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)) {
      const known = told.get(name!) ?? new Set();
      for (const [, label] of labels.matchAll(/(\w+)="/g)) known.add(label!);
      told.set(name!, known);
    }
  });
  afterAll(() => ledger.remove());

  test.each(asked)('%s: is told, under these labels', (_what, expr) => {
    const selectors = selectorsOf(expr);
    expect(selectors).not.toEqual([]);
    for (const { metric, labels } of selectors) {
      if (OF_PROMETHEUS.metrics.includes(metric)) continue;
      expect([metric, [...told.keys()].includes(metric)]).toEqual([metric, true]);
      const unknown = labels.filter(
        (label) => !told.get(metric)!.has(label) && !OF_PROMETHEUS.labels.includes(label),
      );
      expect([metric, unknown]).toEqual([metric, []]);
    }
  });

  test('each number of the ledger’s own is on the dashboard, in an alert, or only says what runs', () => {
    const plain = (name: string) => name.replace(/_(bucket|sum|count)$/, '');
    const used = asked.flatMap(([, expr]) => selectorsOf(expr).map(({ metric }) => plain(metric)));
    const own = [...told.keys()].filter((name) => name.startsWith('ledger_')).map(plain);
    const unused = new Set(own.filter((name) => !used.includes(name)));
    expect([...unused].sort()).toEqual(['ledger_build_info', 'ledger_events_skipped']);
  });
});

describe('the check itself', () => {
  test.each(['rate(ledger_sequence[5m]', 'ledger_sequence >', 'sum by (x ledger_sequence'])(
    'does not take %s',
    (expr) => expect(() => selectorsOf(expr)).toThrow('not PromQL'),
  );

  test('finds metrics and the labels they are picked by', () => {
    const expr = 'sum by (le) (rate(a{x="1", y!~"2"}[5m])) > 2 * b and on (job) c{job="d"}';
    expect(selectorsOf(expr)).toEqual([
      { metric: 'a', labels: ['x', 'y'] },
      { metric: 'b', labels: [] },
      { metric: 'c', labels: ['job'] },
    ]);
  });
});

describe('the runbook', () => {
  const headings = readPage('docs/runbook.md')
    .match(/^### .*$/gm)!
    .map((heading) => heading.slice(4));

  test('has a section for each alert, and none for another', () => {
    expect(headings).toEqual(alerts.map(({ alert }) => alert));
  });

  test.each(alerts)('$alert leads to its section, says how urgent it is, and which replica', (alert) => {
    const { annotations, labels } = alert;
    expect(annotations.runbook).toBe(`docs/runbook.md#${alert.alert.toLowerCase()}`);
    expect(['critical', 'warning']).toContain(labels.severity);
    expect(annotations.summary).toContain('{{ $labels.instance }}');
  });

  test.each(headings)('%s says what it means, what to look at and what to do', (heading) => {
    const section = readPage('docs/runbook.md').split(`\n### ${heading}\n`)[1]!.split(/^##/m)[0]!;
    for (const part of ['**Means.**', '**Look at.**', '**Do.**']) expect(section).toContain(part);
  });
});

test('the dashboard is one that Grafana can take: each panel and variable once, and each named', () => {
  const ids = dashboard.panels.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(dashboard.panels.filter(({ title }) => title === '')).toEqual([]);
  const used = new Set([...readFile('ops/dashboard.json').matchAll(/\$\{?(\w+)/g)].map(([, name]) => name));
  const known = new Set([...dashboard.templating.list.map(({ name }) => name), '__rate_interval', '__all']);
  expect([...used].filter((name) => !known.has(name!))).toEqual([]);
});

test('Prometheus’ own tool is to see each alert be quiet where all is well, and fire where it is not', () => {
  const { tests } = yaml<{
    tests: readonly { alert_rule_test: readonly { alertname: string; exp_alerts?: unknown }[] }[];
  }>('ops/alerts.test.yml');
  const [well, ...others] = tests.map((one) => one.alert_rule_test);
  const known = alerts.map(({ alert }) => alert).sort();
  expect(well!.map(({ alertname }) => alertname).sort()).toEqual(known);
  expect(well!.filter((one) => one.exp_alerts)).toEqual([]);
  const fire = others.flat().filter((one) => one.exp_alerts);
  expect([...new Set(fire.map(({ alertname }) => alertname))].sort()).toEqual(known);
});

test('Prometheus is told the same job and rules that the alerts are made for', () => {
  const config = yaml<{ rule_files: string[]; scrape_configs: { job_name: string }[] }>('ops/prometheus.yml');
  expect(config.rule_files).toEqual(['alerts.yml']);
  const jobs = new Set(
    alerts.flatMap(({ expr }) => [...expr.matchAll(/job="([^"]+)"/g)].map(([, job]) => job)),
  );
  expect([...jobs]).toEqual(config.scrape_configs.map(({ job_name }) => job_name));
});
