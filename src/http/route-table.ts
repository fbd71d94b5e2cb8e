import type { FastifyInstance } from 'fastify';

/** Which methods each address takes, to tell a wrong method from a wrong address. */
export class RouteTable {
  private readonly routes: { readonly methods: readonly string[]; readonly pattern: RegExp }[] = [];

  constructor(fastify: FastifyInstance) {
    fastify.addHook('onRoute', ({ method, url }) => {
      const pattern = new RegExp(`^${url.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:\w+/g, '[^/]+')}$`);
      this.routes.push({ methods: [method].flat(), pattern });
    });
  }

  methodsOf(path: string): string[] {
    const methods = this.routes.filter(({ pattern }) => pattern.test(path)).flatMap((route) => route.methods);
    return [...new Set(methods)].sort();
  }
}
