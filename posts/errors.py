"""A message that can never become a row, and why: `rejected.reason`."""

# what each reason means, and what to do
REJECTED = {
    "not_json": "the payload, or a line of an imported file, is not JSON, or is nested deeper than 200 levels",
    "no_post": "a message of X's that carries no post, such as an error or a notice of a disconnect",
    "wrong_type": "a field that a column is made of has another type; `error` names the field",
    "not_a_message": "not what the topic's schema says: id, payload, received_at, source",
    "refused_by_bigquery": "BigQuery refuses the row; `error` has its words",
    "unforeseen": "a mistake in this code: report it; after a repair `ingester rejected` publishes the message again",
    "too_long": "a line of an imported file is over 32 MB; its beginning is kept",
    "cut_off": "an imported file is damaged, or ends in the middle; what came before was read",
}


class BadMessage(Exception):
    """The message can never become a row.

    `reason` is a key of REJECTED, for counting; the text says which field, what was expected and what came.
    """

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason
