/** Names and values, one below the other. */
import { Group, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'

type Fact = readonly [string, ReactNode]

/** Those that are false are left out. */
export function Facts({ facts }: { facts: readonly (Fact | false)[] }) {
  return (
    <Stack component="dl" gap={6} m={0}>
      {facts.filter(isFact).map(([name, value]) => (
        <Group key={name} gap="sm" wrap="nowrap" align="baseline">
          <Text component="dt" size="sm" c="dimmed" flex="0 0 8rem">
            {name}
          </Text>
          <Text component="dd" m={0} size="sm" flex={1} miw={0} style={{ overflowWrap: 'anywhere' }}>
            {value}
          </Text>
        </Group>
      ))}
    </Stack>
  )
}

function isFact(fact: Fact | false): fact is Fact {
  return fact !== false
}
