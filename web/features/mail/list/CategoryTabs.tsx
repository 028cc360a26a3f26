/** Parts of the inbox, each with how much in it is unread. */
import { Link } from '@tanstack/react-router'
import { Inbox, MessagesSquare, Newspaper, Tag, Users, type LucideIcon } from 'lucide-react'
import type { Category } from '#contracts/mail/messages.ts'
import { useWords } from '#web/app/language.tsx'
import { useMail } from '../mail-context.ts'
import classes from './category-tabs.module.css'

const icons: Record<Category, LucideIcon> = {
  primary: Inbox,
  social: Users,
  promotions: Tag,
  updates: Newspaper,
  forums: MessagesSquare,
}

export function CategoryTabs({ current }: { current: Category }) {
  const { t, number } = useWords()
  const { mailboxes, preferences } = useMail()
  const unread = new Map(mailboxes.categories.map(({ category, unreadThreads }) => [category, unreadThreads]))
  return (
    <nav className={classes.tabs} aria-label={t('mail.categories')}>
      {(['primary', ...preferences.categories] as const).map((category) => {
        const Icon = icons[category]
        const count = unread.get(category) ?? 0
        return (
          <Link
            key={category}
            to="/mail/$place"
            params={{ place: 'inbox' }}
            search={category === 'primary' ? {} : { category }}
            className={classes.tab}
            activeOptions={{ exact: true, includeSearch: false }}
            aria-current={category === current ? 'page' : undefined}
            data-current={category === current || undefined}
            data-category={category}
          >
            <Icon size={17} strokeWidth={1.75} aria-hidden />
            <span className={classes.name}>{t(`mail.category.${category}`)}</span>
            {count > 0 && (
              <span className={classes.count}>
                {count >= mostCounted ? `${number(mostCounted - 1)}+` : number(count)}
                <span className={classes.hidden}> {t('mail.unread')}</span>
              </span>
            )}
          </Link>
        )
      })}
    </nav>
  )
}

/** The server counts no further. */
const mostCounted = 1000
