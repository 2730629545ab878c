"""Payments, put together."""

from __future__ import annotations

from nexafi.kernel.data.figures import Figure
from nexafi.kernel.service import Service
from nexafi.kernel.trust.secrets import Secret
from nexafi.payments import counts
from nexafi.payments.analytics.routes import routes as analytics
from nexafi.payments.bank_files.routes import routes as bank_files
from nexafi.payments.charges.routes import routes as charges
from nexafi.payments.completeness.queries import movements_unbooked
from nexafi.payments.completeness.routes import routes as completeness
from nexafi.payments.connections.routes import routes as connections
from nexafi.payments.customers.routes import routes as customers
from nexafi.payments.disputes.routes import routes as disputes
from nexafi.payments.fees.routes import routes as fees
from nexafi.payments.jobs import jobs
from nexafi.payments.links.routes import routes as links
from nexafi.payments.mandates.routes import routes as mandates
from nexafi.payments.movements.routes import routes as movements
from nexafi.payments.notices.routes import routes as notices
from nexafi.payments.payouts.routes import routes as payouts
from nexafi.payments.providers.installed import providers
from nexafi.payments.routing.routes import routes as routing
from nexafi.payments.settings import PaymentsSettings
from nexafi.payments.settlements.routes import routes as settlements
from nexafi.payments.subscriptions import subscriptions
from nexafi.payments.tables import Base
from nexafi.payments.topups.routes import routes as top_ups
from nexafi.payments.wallets.routes import routes as wallets
from nexafi.payments.webhooks.routes import routes as webhooks

service = Service(
    name="payments",
    port=5003,
    tables=Base,
    routes=[
        bank_files,
        charges,
        customers,
        connections,
        mandates,
        movements,
        notices,
        settlements,
        completeness,
        analytics,
        wallets,
        top_ups,
        payouts,
        fees,
        routing,
        disputes,
        links,
        webhooks,
    ],
    subscriptions=subscriptions,
    jobs=jobs,
    equipment=[providers(PaymentsSettings()), PaymentsSettings()],
    counts=counts.ALL,
    figures=[
        Figure(
            "movements_unbooked",
            "Movements that were made more than ten minutes ago and are not in the books.",
            movements_unbooked,
        )
    ],
    expects=[Secret],
)
