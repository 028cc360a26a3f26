import { Text } from '@mantine/core'
import { useWords } from '#web/app/language.tsx'
import classes from './sidebar.module.css'

export interface CountProps {
  text: string
  hint?: 'mail.count.unread' | 'mail.count.drafts' | 'mail.count.scheduled'
}

/** How many there are, at the end of a line. */
export function Count({ text, hint = 'mail.count.unread' }: CountProps) {
  const { t } = useWords()
  return (
    <Text size="xs" component="span" className={classes.count} title={t(hint)}>
      {text}
    </Text>
  )
}
