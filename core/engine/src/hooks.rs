//! What is sent to hooks: kept, with the run that is made of it, in one transaction.

use cascade_model::{Delivered, Enqueue, NewDelivery};
use cascade_sdk::Db;
use cascade_store::{Connections, Queries, Result, StoreError, delivery_again, keep_delivery};

use crate::{
    Engine,
    actions::TRIES,
    enqueue::{self, Beside},
};

impl Engine {
    /// Keeps a delivery, and makes the run that is `asked` of it: both, or neither. Of one that has made a run when
    /// it came before no second is made.
    ///
    /// # Errors
    /// As [`Engine::enqueue`] without a key.
    pub async fn deliver(
        &self,
        delivery: &NewDelivery,
        asked: Option<&Enqueue>,
    ) -> Result<Delivered> {
        for _ in 1..TRIES {
            match self.try_to_deliver(delivery, asked).await {
                Err(error) if error.is_deadlock() => {}
                done => return done,
            }
        }
        self.try_to_deliver(delivery, asked).await
    }

    async fn try_to_deliver(
        &self,
        delivery: &NewDelivery,
        asked: Option<&Enqueue>,
    ) -> Result<Delivered> {
        let requests = self.requests(asked.map_or(&[], std::slice::from_ref)).await?;
        let run = requests.first().map(|(one, _)| one.run.id);
        let dialect = self.store.database().dialect();
        let mut tx = self.store.begin(Connections::Shared).await?;
        let kept = tx.execute(&keep_delivery(dialect, delivery, run)).await;
        if kept.map_err(StoreError::Query)? == 0 {
            tx.rollback().await?;
            return self.delivered_before(delivery).await;
        }
        let mut beside = Beside::default();
        let done = enqueue::enqueue(&mut *tx, requests, true, &mut beside).await;
        let told = self.finish(tx, done).await?;
        self.count_unseen(&beside.replaced);
        Ok(told.first().map_or(Delivered::Kept, |told| Delivered::Made(told.run_id())))
    }

    async fn delivered_before(
        &self,
        NewDelivery { hook, identity, .. }: &NewDelivery,
    ) -> Result<Delivered> {
        let run = self.store.delivered_before(hook, identity).await?;
        let Some(run) = run else {
            return Err(StoreError::WrongState(
                "the delivery has just been forgotten; send it again",
            ));
        };
        let database = self.store.database();
        let again = Db::over(&*database).execute(delivery_again(hook, identity)).await;
        again.map_err(StoreError::Query)?;
        Ok(Delivered::Before(run))
    }
}
