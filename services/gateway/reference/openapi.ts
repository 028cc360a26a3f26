/** The OpenAPI 3.1 document of a list of contracts (https://spec.openapis.org/oas/v3.1.1). */
import type { Contract } from '#contracts/contract.ts'
import { componentName, operationOf, type Operation } from './operation.ts'
import { streamOperationOf } from './stream-operation.ts'
import {
  byPath,
  routesOf,
  streamRoutesOf,
  type Route,
  type StreamRoute,
} from '#services/gateway/rest/routes.ts'
import { jsonSchemaOf, type JsonSchema } from './schema.ts'

export interface OpenApiDocument {
  openapi: string
  info: { title: string; version: string; description: string }
  tags: { name: string; description: string }[]
  /** By path, then by method in lower case. */
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, JsonSchema>; securitySchemes: Record<string, object> }
}

/** The same contracts give the same document, byte for byte. */
export function openApiDocument(contracts: readonly Contract[]): OpenApiDocument {
  const routes = [...routesOf(contracts), ...streamRoutesOf(contracts)]
  const schemas = componentsOf(routes)
  const paths = Object.fromEntries(
    byPath(routes).map(([path, group]) => [
      path,
      Object.fromEntries(group.map((route) => [route.method.toLowerCase(), describe(route, schemas)])),
    ]),
  )
  const references = JSON.stringify(paths)
  const used = Object.entries(schemas).filter(([name]) => references.includes(`#/components/schemas/${name}`))
  return {
    openapi: '3.1.1',
    info: { title: 'Dakghar', version: '1', description: 'Mail, chat, notifications and a shop.' },
    tags: contracts
      .filter(({ name }) => routes.some(({ definition }) => definition.service === name))
      .map(({ name, summary }) => ({ name, description: summary })),
    paths,
    components: { schemas: Object.fromEntries(used), securitySchemes },
  }
}

function describe(route: Route | StreamRoute, schemas: Record<string, JsonSchema>): Operation {
  return isStream(route) ? streamOperationOf(route, schemas) : operationOf(route, schemas)
}

function isStream(route: Route | StreamRoute): route is StreamRoute {
  return route.definition.kind === 'stream'
}

/** Input and output of each call and stream. Their own references become references into the document. */
function componentsOf(routes: readonly (Route | StreamRoute)[]): Record<string, JsonSchema> {
  const components: Record<string, JsonSchema> = { Problem: problemSchema }
  for (const { definition } of routes)
    for (const io of ['input', 'output'] as const) {
      const name = componentName(definition, io)
      components[name] = JSON.parse(JSON.stringify(jsonSchemaOf(definition[io], io)), (key, value) =>
        key === '$ref' && typeof value === 'string'
          ? value.replace('#', `#/components/schemas/${name}`)
          : value,
      ) as JsonSchema
    }
  return components
}

const problemSchema: JsonSchema = {
  type: 'object',
  description: 'RFC 9457.',
  required: ['type', 'title', 'status', 'code', 'traceId'],
  properties: {
    type: { type: 'string', format: 'uri-reference' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string', description: 'What went wrong, for programs.' },
    errors: {
      type: 'array',
      description: 'Every wrong field.',
      items: {
        type: 'object',
        required: ['path', 'message'],
        properties: { path: { type: 'string' }, message: { type: 'string' } },
      },
    },
    traceId: { type: 'string', description: 'Tells us which request it was.' },
  },
}

const securitySchemes = {
  bearer: { type: 'http', scheme: 'bearer', description: 'A session token or a key.' },
  apiKey: { type: 'apiKey', in: 'header', name: 'X-Api-Key' },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: '__Host-session',
    description: 'Set at sign-in. Over plain HTTP it is dakghar-session.',
  },
}
