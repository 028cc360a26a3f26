/** The person's labels: gone to, made, named, coloured and deleted in place. */
import { ActionIcon, Menu, NavLink, Text } from '@mantine/core'
import { Link, useRouterState } from '@tanstack/react-router'
import { EllipsisVertical, Pencil, Plus, Tag, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { mail } from '#contracts/mail.ts'
import { useWords } from '#web/app/language.tsx'
import { useCommand } from '#web/app/queries.ts'
import { Question } from '#web/ui/Question.tsx'
import type { Label } from '../mailboxes.ts'
import { hrefOf } from '../place.ts'
import { Count } from './Count.tsx'
import { LabelDialog, type LabelDialogProps } from './LabelDialog.tsx'
import classes from './sidebar.module.css'

export function LabelTree({ labels }: { labels: readonly Label[] }) {
  const { t } = useWords()
  const [edited, setEdited] = useState<Pick<LabelDialogProps, 'label' | 'parentId'>>()
  const [deleted, setDeleted] = useState<Label>()
  const remove = useCommand(mail.calls.deleteLabel, { refreshes: [mail.calls.listMailboxes] })
  return (
    <>
      <div className={classes.labelsHead}>
        <Text size="xs" fw={600} c="dimmed" component="h2">
          {t('mail.labels')}
        </Text>
        <ActionIcon variant="subtle" size="sm" aria-label={t('mail.label.new')} onClick={() => setEdited({})}>
          <Plus size={14} />
        </ActionIcon>
      </div>
      {labels.map((label) => (
        <LabelLink
          key={label.id}
          label={label}
          onEdit={() => setEdited({ label })}
          onAdd={() => setEdited({ parentId: label.id })}
          onDelete={() => setDeleted(label)}
        />
      ))}
      {edited && <LabelDialog {...edited} labels={labels} onClose={() => setEdited(undefined)} />}
      {deleted && (
        <Question
          title={t('mail.label.delete.title', { name: deleted.path })}
          action={t('mail.label.delete')}
          onConfirm={() => remove.mutateAsync({ labelId: deleted.id })}
          onClose={() => setDeleted(undefined)}
        >
          <Text size="sm">{t('mail.label.delete.text')}</Text>
        </Question>
      )}
    </>
  )
}

interface LabelLinkProps {
  label: Label
  onEdit: () => void
  onAdd: () => void
  onDelete: () => void
}

function LabelLink({ label, onEdit, onAdd, onDelete }: LabelLinkProps) {
  const { t, number } = useWords()
  const href = hrefOf({ kind: 'label', id: label.id })
  const path = useRouterState({ select: ({ location }) => location.pathname })
  const isCurrent = path === href || path.startsWith(`${href}/`)
  return (
    <div className={classes.label}>
      <NavLink
        component={Link}
        {...{ to: href }}
        label={label.name}
        active={isCurrent}
        aria-current={isCurrent ? 'page' : undefined}
        leftSection={
          <Tag
            size={14}
            strokeWidth={1.75}
            aria-hidden
            color={label.color ?? 'currentColor'}
            fill={label.color ?? 'none'}
          />
        }
        rightSection={label.unreadThreads > 0 && <Count text={number(label.unreadThreads)} />}
        className={classes.link}
        pl={12 + label.depth * 14}
        noWrap
      />
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <ActionIcon
            variant="subtle"
            size="sm"
            className={classes.labelMenu}
            aria-label={t('mail.label.menu', { name: label.path })}
          >
            <EllipsisVertical size={14} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<Pencil size={14} />} onClick={onEdit}>
            {t('mail.label.edit')}
          </Menu.Item>
          <Menu.Item leftSection={<Plus size={14} />} onClick={onAdd}>
            {t('mail.label.newIn')}
          </Menu.Item>
          <Menu.Item leftSection={<Trash2 size={14} />} color="red" onClick={onDelete}>
            {t('mail.label.delete')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </div>
  )
}
