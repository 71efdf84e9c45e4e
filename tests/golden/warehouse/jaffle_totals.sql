-- What the raw files of data/jaffle_shop amount to, per customer, order status and payment method. DuckDB runs this
-- over the files (tests/warehouse/test_jaffle_totals.py); its answer is jaffle_totals.csv.
SELECT o.user_id AS customer_id, o.status, p.payment_method, count(DISTINCT o.id) AS orders, count(p.id) AS payments,
       sum(p.amount) AS amount, min(o.order_date) AS first_date, max(o.order_date) AS last_date
FROM raw_orders o LEFT JOIN raw_payments p ON p.order_id = o.id
GROUP BY ALL ORDER BY ALL
