/** The files that containers are made of, as data. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { ROOT } from './pages.js';

export interface Service {
  readonly image?: string;
  readonly build?: string;
  readonly profiles?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly networks?: readonly string[];
  readonly network_mode?: string;
  readonly restart: string;
  readonly user?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
}

export interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, null>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>;
}

export interface Job {
  readonly 'runs-on': string;
  readonly 'timeout-minutes': number;
  readonly services?: Readonly<
    Record<
      string,
      {
        readonly image: string;
        readonly ports: readonly string[];
        readonly env: Readonly<Record<string, string>>;
      }
    >
  >;
  readonly env?: Readonly<Record<string, string>>;
  readonly steps: readonly { readonly uses?: string; readonly run?: string }[];
}

export const readFile = (path: string) => readFileSync(join(ROOT, path), 'utf8');

/** Reads YAML with its anchors and merges resolved. @throws Error where it is no YAML, or has a key twice */
export function yamlOf<Content>(path: string): Content {
  const document = parseDocument(readFile(path), { merge: true, uniqueKeys: true });
  const [fault] = [...document.errors, ...document.warnings];
  if (fault) throw fault;
  return document.toJS() as Content;
}

export const compose = yamlOf<Compose>('docker-compose.yml');
export const services: readonly (readonly [string, Service])[] = Object.entries(compose.services);
export const { jobs } = yamlOf<{ readonly jobs: Readonly<Record<string, Job>> }>('.github/workflows/ci.yml');
