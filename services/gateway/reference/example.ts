import type { JsonSchema } from './schema.ts'

/** A value of the schema for people to start from: its own examples and defaults where it has some. Undefined where anything goes. */
export function exampleOf(schema: JsonSchema): unknown {
  const given = schema.examples?.[0] ?? schema.default ?? schema.const ?? schema.enum?.[0]
  if (given !== undefined) return given
  const parts = (schema.allOf ?? []) as JsonSchema[]
  if (parts.length > 0) return Object.assign({}, ...parts.map(exampleOf))
  const [choice] = (schema.anyOf ?? schema.oneOf ?? []) as JsonSchema[]
  if (choice) return exampleOf(choice)
  switch ([schema.type].flat()[0]) {
    case 'object':
      return exampleObject(schema)
    case 'array':
      return [exampleOf((schema.items ?? {}) as JsonSchema)].filter((item) => item !== undefined)
    case 'string':
      return exampleText(schema)
    case 'integer':
    case 'number':
      return exampleNumber(schema)
    case 'boolean':
      return true
    case 'null':
      return null
    default:
      return undefined
  }
}

/** Optional fields too, for a reader to see them. */
function exampleObject({ properties = {} }: JsonSchema): unknown {
  const fields = Object.entries(properties as Record<string, JsonSchema>)
  return Object.fromEntries(fields.map(([name, field]) => [name, exampleOf(field)]))
}

const texts: Record<string, string> = {
  uuid: '0197a3c2-5f00-7000-8000-000000000001',
  email: 'asha@example.com',
  'date-time': '2025-06-24T09:30:00Z',
  date: '2025-06-24',
  uri: 'https://example.com/',
}

function exampleText({ format, pattern, minLength = 0 }: JsonSchema): string {
  return texts[format ?? ''] ?? (pattern === undefined ? 'text' : '…').padEnd(Math.min(minLength, 64), 'x')
}

/** The least the schema allows, from zero on. */
function exampleNumber({ minimum = 0, exclusiveMinimum }: JsonSchema): number {
  if (typeof exclusiveMinimum === 'number' && exclusiveMinimum >= 0) return exclusiveMinimum + 1
  return Math.max(Number(minimum), 0)
}
