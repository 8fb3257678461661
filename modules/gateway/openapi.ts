import swagger from '@fastify/swagger';
import type { Access } from '@zdravo/kit/contract';
import type { HttpServer } from '@zdravo/kit/http';

/** Generates OpenAPI 3.1 from the mounted contracts, at `/api/openapi.json`; `web` shows it at `/api/docs`. */
export async function describeApi(app: HttpServer, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Zdravo',
        version,
        description:
          'The public API of the national health service platform, version 2.0 of the reference and its successors.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer' },
          api_key: { type: 'apiKey', in: 'header', name: 'API-key' },
        },
      },
    },
    transform: ({ schema, url, route }) => {
      const access = route.config?.route?.access;
      return { url, schema: access ? { ...schema, ...securityOf(access) } : { ...schema, hide: true } };
    },
  });
  app.get('/api/openapi.json', { schema: { hide: true } }, async () => app.swagger());
}

function securityOf(access: Access): { security: Record<string, string[]>[] } {
  if (access.kind === 'public') return { security: [] };
  return { security: [{ token: access.kind === 'scopes' ? [...access.scopes] : [], api_key: [] }] };
}
