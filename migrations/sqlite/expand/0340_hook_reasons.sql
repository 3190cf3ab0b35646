-- Why a delivery was ignored or refused, as JSON with a code and values: `reason` says it in English.
ALTER TABLE hook_deliveries ADD COLUMN told text;
