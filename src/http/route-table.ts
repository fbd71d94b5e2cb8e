/**
 * Which methods each address takes: Fastify says 404 where HTTP has a word for a known address too. And that of each
 * it is known who may take it.
 */
import type { FastifyInstance } from 'fastify';
import { Problem } from '../api/problem.js';

export class RouteTable {
  private readonly routes: { readonly methods: readonly string[]; readonly pattern: RegExp }[] = [];

  constructor(fastify: FastifyInstance) {
    fastify.addHook('onRoute', ({ method, url }) => {
      const literal = url.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      this.routes.push({
        methods: [method].flat(),
        pattern: new RegExp(`^${literal.replace(/:\w+/g, '[^/]+').replace(/\\\*$/, '.+')}$`),
      });
    });
  }

  /** What to tell a request that no route took. */
  problemFor(path: string): Problem {
    const methods = this.routes.filter(({ pattern }) => pattern.test(path)).flatMap((route) => route.methods);
    const allow = [...new Set(methods)].sort().join(', ');
    if (allow === '') return new Problem('not-found', 'there is nothing at this address: see /docs');
    return new Problem('method-not-allowed', `this address takes ${allow}`, { headers: { allow } });
  }
}

/** Default deny: a route of which nobody said who may take it does not start. */
export function refuseUndeclared(fastify: FastifyInstance): void {
  fastify.addHook('onRoute', ({ method, url, config }) => {
    if (!config?.access) throw new Error(`${String(method)} ${url} says nothing of who may call it`);
  });
}
