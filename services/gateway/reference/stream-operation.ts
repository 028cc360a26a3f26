/** A stream as server-sent events in the OpenAPI document. */
import type { StreamRoute } from '#services/gateway/rest/routes.ts'
import {
  componentName,
  inputParameters,
  problemAnswers,
  reference,
  type Operation,
  type Parameter,
} from './operation.ts'
import type { JsonSchema } from './schema.ts'

const lastEventId: Parameter = {
  name: 'Last-Event-ID',
  in: 'header',
  required: false,
  description: 'The id of the last event seen; as `after`, which it wins over.',
  schema: { type: 'string' },
}

export function streamOperationOf(route: StreamRoute, schemas: Record<string, JsonSchema>): Operation {
  const { definition } = route
  const { service, name, access, summary, sequence } = definition
  const input = schemas[componentName(definition, 'input')]!
  return {
    operationId: `${service}.${name}`,
    tags: [service],
    ...(summary !== undefined && { summary }),
    'x-access': access,
    security: access === 'public' ? [] : [{ bearer: [] }, { apiKey: [] }],
    parameters: [...inputParameters(route, input, false), ...(sequence ? [lastEventId] : [])],
    responses: {
      200: {
        description: 'Events for as long as the client listens; the data of each is one item',
        content: { 'text/event-stream': { schema: reference(componentName(definition, 'output')) } },
      },
      ...problemAnswers({ ...route, definition: { access } }, false),
    },
  }
}
