/**
 * The table knows which methods each address takes, because Fastify says 404 where HTTP has 405 for a known address. It
 * also makes sure that each route says who may call it.
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

  /** Returns the problem for a request that no route took. */
  problemFor(path: string): Problem {
    const methods = this.routes.filter(({ pattern }) => pattern.test(path)).flatMap((route) => route.methods);
    const allow = [...new Set(methods)].sort().join(', ');
    if (allow === '') return new Problem('not-found', 'there is nothing at this address: see /docs');
    return new Problem('method-not-allowed', `this address takes ${allow}`, { headers: { allow } });
  }
}

/** Denies by default: the server does not start with a route that does not say who may call it. */
export function refuseUndeclared(fastify: FastifyInstance): void {
  fastify.addHook('onRoute', ({ method, url, config }) => {
    if (!config?.access) throw new Error(`${String(method)} ${url} says nothing of who may call it`);
  });
}
