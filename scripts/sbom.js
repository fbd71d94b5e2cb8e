/**
 * Writes what is shipped, as CycloneDX, to standard output: every installed package that is not for development alone.
 *
 * `npm sbom --omit dev` would leave out what is shipped and needed for development too, which is a quarter of it; so
 * all are asked for, and those that npm itself marks as for development are taken out here.
 */
const { execFileSync } = require('node:child_process');
const { resolve } = require('node:path');

const root = resolve(__dirname, '..');
const { name } = require(resolve(root, 'package.json'));

const isForDevelopment = ({ properties = [] }) =>
  properties.some((property) => property.name === 'cdx:npm:package:development' && property.value === 'true');

const args = ['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'application'];
const all = JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8', maxBuffer: 64 << 20 }));
const components = all.components.filter((component) => !isForDevelopment(component));
const { component } = all.metadata;
const shipped = new Set([component, ...components].map((each) => each['bom-ref']));
const bom = {
  ...all,
  // npm names it after the directory that it is in.
  metadata: { ...all.metadata, component: { ...component, name } },
  components,
  dependencies: all.dependencies
    .filter(({ ref }) => shipped.has(ref))
    .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((other) => shipped.has(other)) })),
};
process.stdout.write(`${JSON.stringify(bom, null, 2)}\n`);
