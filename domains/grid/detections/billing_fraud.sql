-- Bills that are suspected of fraud, from the end of their period on.
SELECT 'billing_transactions' AS table_name, transaction_id AS sender,
       CAST(billing_period_end AS TIMESTAMPTZ) AS from_at,
       CAST(billing_period_end + INTERVAL 400 DAY AS TIMESTAMPTZ) AS to_at,
       CAST(billing_period_end + INTERVAL 1 DAY AS TIMESTAMPTZ) AS found_at
FROM billing_suspects
