//! Whose conversation statements run in: the request's own, or that of a transaction,
//! which goes back to it when the request is over.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::http::conversation::Conversation;
use crate::http::transactions::Entry;

pub struct Turn {
    /// Taken when it is over.
    conversation: Option<Conversation>,
    of: Option<Arc<Entry>>,
}

impl Turn {
    pub fn own(conversation: Conversation) -> Turn {
        Turn { conversation: Some(conversation), of: None }
    }

    pub fn of(entry: Arc<Entry>, conversation: Conversation) -> Turn {
        Turn { conversation: Some(conversation), of: Some(entry) }
    }

    /// Takes the conversation out for good.
    pub fn into_conversation(mut self) -> Option<Conversation> {
        self.of = None;
        self.conversation.take()
    }
}

impl Deref for Turn {
    type Target = Conversation;

    fn deref(&self) -> &Conversation {
        self.conversation.as_ref().expect("it is taken when the turn is over")
    }
}

impl DerefMut for Turn {
    fn deref_mut(&mut self) -> &mut Conversation {
        self.conversation.as_mut().expect("it is taken when the turn is over")
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(mut conversation) = self.conversation.take() else { return };
        conversation.let_off();
        if let Some(entry) = self.of.take() {
            entry.give_back(conversation);
        }
    }
}
