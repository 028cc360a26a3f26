/** Rows with the same columns: a table, and on a phone a card for each row. */
import { Group, Paper, Stack, Table, Text, VisuallyHidden } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import type { ReactNode } from 'react'

export interface Column<Item> {
  /** Above the column, and beside the value on a phone. */
  label: string
  cell: (item: Item) => ReactNode
  /** The label is for screen readers alone: of buttons. */
  isLabelHidden?: boolean
  align?: 'end'
}

export interface DataTableProps<Item> {
  /** What the rows are. */
  label: string
  items: readonly Item[]
  keyOf: (item: Item) => string
  /** The first tells rows apart. */
  columns: readonly Column<Item>[]
}

export function DataTable<Item>(props: DataTableProps<Item>) {
  const isNarrow = useMediaQuery('(max-width: 48em)', undefined, { getInitialValueInEffect: false })
  return isNarrow ? <Cards {...props} /> : <Rows {...props} />
}

function Rows<Item>({ label, items, keyOf, columns }: DataTableProps<Item>) {
  return (
    <Table.ScrollContainer minWidth={640} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
      <Table verticalSpacing="sm" highlightOnHover aria-label={label}>
        <Table.Thead>
          <Table.Tr>
            {columns.map(({ label, isLabelHidden, align }) => (
              <Table.Th key={label} ta={align}>
                {isLabelHidden ? <VisuallyHidden>{label}</VisuallyHidden> : label}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {items.map((item) => (
            <Table.Tr key={keyOf(item)}>
              {columns.map(({ label, cell, align }) => (
                <Table.Td key={label} ta={align}>
                  {cell(item)}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}

function Cards<Item>({ label, items, keyOf, columns }: DataTableProps<Item>) {
  return (
    <Stack component="ul" gap="sm" p={0} m={0} style={{ listStyle: 'none' }} aria-label={label}>
      {items.map((item) => (
        <Paper key={keyOf(item)} component="li" withBorder p="sm">
          <Stack gap={6}>
            {columns.map(({ label, cell, isLabelHidden }, index) => {
              const value = cell(item)
              if (value === null || value === false || value === '') return null
              if (index === 0 || isLabelHidden) return <div key={label}>{value}</div>
              return (
                <Group key={label} gap="xs" wrap="nowrap" align="baseline">
                  <Text size="xs" c="dimmed" flex="0 0 6.5rem">
                    {label}
                  </Text>
                  <Text size="sm" component="div" flex={1} miw={0} style={{ overflowWrap: 'anywhere' }}>
                    {value}
                  </Text>
                </Group>
              )
            })}
          </Stack>
        </Paper>
      ))}
    </Stack>
  )
}
