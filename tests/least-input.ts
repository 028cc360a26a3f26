/** The least that a call takes, from its contract. */
import { jsonSchemaOf, type JsonSchema } from '#services/gateway/reference/schema.ts'
import type { CallDefinition, StreamDefinition } from '#contracts/contract.ts'

/** Required fields alone. What a pattern asks for can't be made up: such a call needs an input of its own. */
export function leastInput({ input }: CallDefinition | StreamDefinition): unknown {
  return leastOf(jsonSchemaOf(input, 'input'))
}

function leastOf(schema: JsonSchema): unknown {
  if (schema.const !== undefined) return schema.const
  if (schema.enum) return schema.enum[0]
  const parts = (schema.allOf ?? []) as JsonSchema[]
  if (parts.length > 0) return Object.assign({}, ...parts.map(leastOf))
  const [choice] = (schema.anyOf ?? schema.oneOf ?? []) as JsonSchema[]
  if (choice) return leastOf(choice)
  switch ([schema.type].flat()[0]) {
    case 'object':
      return leastObject(schema)
    case 'array':
      return Array.from({ length: schema.minItems ?? 0 }, () => leastOf((schema.items ?? {}) as JsonSchema))
    case 'string':
      return texts[schema.format ?? ''] ?? 'x'.repeat(Math.max(1, schema.minLength ?? 0))
    case 'integer':
    case 'number':
      return Math.max(0, schema.minimum ?? 0)
    case 'boolean':
      return false
    default:
      return null
  }
}

function leastObject({ properties = {}, required = [] }: JsonSchema): unknown {
  const fields = properties as Record<string, JsonSchema>
  return Object.fromEntries(required.map((name) => [name, leastOf(fields[name] ?? {})]))
}

const texts: Record<string, string> = {
  uuid: '0197a3c2-5f00-7000-8000-000000000001',
  email: 'asha@example.com',
  'date-time': '2025-06-24T09:30:00Z',
  uri: 'http://127.0.0.1:1',
}
