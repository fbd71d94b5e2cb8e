/** docs/developing.md: its map of the folders is the one that is checked, and each file that it names is there. */
import { expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readPage, ROOT } from '../support/pages.js';

interface Rule {
  readonly name: string;
  readonly to: { readonly pathNot?: string };
}
interface Layer {
  readonly imports: readonly string[];
  readonly takesPackages: boolean;
}

const page = readPage('docs/developing.md');

async function checkedLayers(): Promise<[string, Layer][]> {
  const { default: cruiser } = (await import(join(ROOT, '.dependency-cruiser.cjs'))) as {
    default: { readonly forbidden: readonly Rule[] };
  };
  const names = cruiser.forbidden.map(({ name }) => name);
  return cruiser.forbidden.flatMap(({ name, to }) => {
    const layer = /^(.+)-imports-what-is-below$/.exec(name)?.[1];
    if (layer === undefined) return [];
    const paths = to.pathNot!.split('|').map((path) => /^\^src\/(.+?)[/$]*$/.exec(path)![1]!);
    const imports = paths.filter((path) => path !== layer).sort();
    return [[layer, { imports, takesPackages: !names.includes(`${layer}-without-packages`) }]];
  });
}

function layersOnThePage(): [string, Layer][] {
  const rows = [...page.matchAll(/^\| `([\w.-]+)` +\|[^|]+\|([^|]+)\|$/gm)];
  const layers: [string, Layer][] = [];
  for (const [, name, says] of rows) {
    const named = [...says!.matchAll(/`([^`]+)`/g)].map(([, layer]) => layer!);
    const above = layers.map(([layer]) => layer);
    expect({ name, notAbove: named.filter((layer) => !above.includes(layer)) }).toEqual({
      name,
      notAbove: [],
    });
    const imports = says!.includes('all above but') ? above.filter((layer) => !named.includes(layer)) : named;
    layers.push([name!, { imports: imports.sort(), takesPackages: !says!.includes('no package') }]);
  }
  return layers;
}

test('the map says of each folder what the rule of imports says, and a folder imports only those above it', async () => {
  expect(layersOnThePage()).toEqual(await checkedLayers());
});

test('each file and folder that is named is there', async () => {
  const folders = (await checkedLayers()).map(([layer]) => layer);
  const named = [...page.matchAll(/`([\w-]+)(\/[\w./-]+)`/g)].map(([, first, rest]) =>
    folders.includes(first!) ? `src/${first}${rest}` : `${first}${rest}`,
  );
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});
