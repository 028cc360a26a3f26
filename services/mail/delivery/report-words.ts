/** What senders are told when a message does not arrive, takes long, or has arrived. */
export type ReportKind = 'failed' | 'delayed' | 'arrived'

interface Words {
  subject: string
  introduction: string
  /** Behind the list of recipients. */
  closing: string
  answered: string
}

export function reportWords(kind: ReportKind, language: string): Words {
  return (language === 'bn' ? bengali : english)[kind]
}

const english: Record<ReportKind, Words> = {
  failed: {
    subject: 'Not delivered',
    introduction: 'Your message could not be delivered to:',
    closing: 'It will not be tried again. Check the address, or ask the recipient in another way.',
    answered: 'The answer was:',
  },
  delayed: {
    subject: 'Not delivered yet',
    introduction: 'Your message has not been delivered yet to:',
    closing: 'You need not do anything: it is tried for five days in all, and you will be told if it fails.',
    answered: 'The last answer was:',
  },
  arrived: {
    subject: 'Delivered',
    introduction: 'Your message was delivered to:',
    closing: 'This does not tell whether it has been read.',
    answered: 'The answer was:',
  },
}

const bengali: Record<ReportKind, Words> = {
  failed: {
    subject: 'পৌঁছানো যায়নি',
    introduction: 'আপনার বার্তাটি এই ঠিকানায় পৌঁছানো যায়নি:',
    closing: 'আর চেষ্টা করা হবে না। ঠিকানাটি মিলিয়ে দেখুন, অথবা অন্য উপায়ে প্রাপকের সঙ্গে যোগাযোগ করুন।',
    answered: 'উত্তর ছিল:',
  },
  delayed: {
    subject: 'এখনও পৌঁছায়নি',
    introduction: 'আপনার বার্তাটি এখনও এই ঠিকানায় পৌঁছায়নি:',
    closing: 'আপনাকে কিছু করতে হবে না: মোট পাঁচ দিন চেষ্টা করা হবে, না পৌঁছালে আপনাকে জানানো হবে।',
    answered: 'শেষ উত্তর ছিল:',
  },
  arrived: {
    subject: 'পৌঁছেছে',
    introduction: 'আপনার বার্তাটি এই ঠিকানায় পৌঁছেছে:',
    closing: 'এটি পড়া হয়েছে কি না, তা এতে জানা যায় না।',
    answered: 'উত্তর ছিল:',
  },
}
