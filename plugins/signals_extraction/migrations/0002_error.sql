-- Why a message could not be looked at; it is passed over until the message or the rules change.
ALTER TABLE signals_processed ADD COLUMN error text;
